"""Training of networks, fold by fold, on Lightning; predictions of every sample are the product."""
