"""Holds datasets to expectations: `validate(...)` in validate.py; what a checker is in checker.py."""
