"""The web page and the API: images in, every model's verdict out. Research use only; nothing of an upload is kept."""
