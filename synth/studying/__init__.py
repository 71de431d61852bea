"""Studies: a matrix of conditions, each made by the other verbs."""
