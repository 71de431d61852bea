"""Demonstrations: rows that are shown before a question, so that a model answers it in their form."""
