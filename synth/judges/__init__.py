"""Judges of rationales, one file each: it ends with its JUDGE."""
