"""What ties images together beside patients and equal pixels: near repeats, and sessions of capture."""
