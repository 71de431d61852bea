"""One file per verb that is not in cli.py: its options and its help. What is slow to import is imported inside."""
