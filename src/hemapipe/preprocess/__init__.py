"""Decode, resize and normalise the images of an archive into one packed array."""
