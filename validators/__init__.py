"""Checkers: how each dataset is read, and what must hold of it. They work a rationale out again from its text alone."""
