"""Attempts at questions: which are right, which are kept, and how they stand in a dataset folder."""
