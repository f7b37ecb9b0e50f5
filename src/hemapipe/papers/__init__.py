"""The five published systems: what they claim, what their numbers imply, and what we measured beside them."""
