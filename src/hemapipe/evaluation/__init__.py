"""Score predictions: metrics with intervals over groups, curves, pictures. Knows labels and groups, never models."""
