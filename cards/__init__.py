"""Dataset cards and model cards: the templates, and what they are filled with."""
