"""Model families: `cnn` (a file per network or library) and `classical`."""
