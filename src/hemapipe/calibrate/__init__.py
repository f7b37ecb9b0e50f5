"""Fit a temperature on validation rows, and apply it."""
