"""A renderer of synthetic peripheral-blood fields with known truth: morphology in, pixels and tables out.

It is not blood and proves nothing about blood. It lets the whole pipeline run, and be checked, without data.
"""
