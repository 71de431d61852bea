"""MaRio and Quark: a model writes, rewards sort what it wrote, and it learns what is how good, round after round."""
