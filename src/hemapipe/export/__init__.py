"""Trained models as ONNX files that need neither torch nor scikit-learn to run, and their 8-bit versions."""
