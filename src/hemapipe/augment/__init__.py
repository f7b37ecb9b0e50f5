"""Plan the variants that balance training classes, and carry one out on pixels."""
