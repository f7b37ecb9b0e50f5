"""Fit classical models on feature tables, fold by fold."""
