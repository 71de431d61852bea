"""Writes datasets in the forms of other libraries: `export(...)` in export.py."""
