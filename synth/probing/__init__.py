"""Looks inside models: what the answer rests on while a rationale is written."""
