"""What a run's own images look like, so that other pictures, and poor ones, are flagged at prediction."""
