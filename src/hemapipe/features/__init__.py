"""Images to feature vectors: frozen backbones, hand-crafted cell attributes, plain pixels; and the tables of them."""
