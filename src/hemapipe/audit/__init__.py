"""What could be cheating: repeats, contradictions, shortcuts and doubtful labels of an image collection."""
