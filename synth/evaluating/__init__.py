"""Measures models on datasets: `evaluate(...)` in evaluate.py."""
