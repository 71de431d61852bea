"""Compares runs and evaluations on one page: `report(...)` in report.py."""
