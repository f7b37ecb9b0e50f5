"""Exported models on new images, through ONNX Runtime; nothing here needs torch."""
