"""Asks a teacher for rationales until answers are right: `distill(...)` in distill.py."""
