"""Models of models: the mean of three members' calibrated probabilities, or a regression on them."""
