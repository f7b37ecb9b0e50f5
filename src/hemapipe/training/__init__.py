"""Training: networks (`cnn/`) and scikit-learn estimators (`classical.py`)."""
