"""Assign every eligible image a role in every fold, and count what leaks."""
