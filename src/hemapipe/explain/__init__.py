"""Show what a model looks at, check that the showing can be believed, and name a model that looks at the background."""
