"""Join images that belong together into the units that no split may cut."""
