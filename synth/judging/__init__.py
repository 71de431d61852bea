"""Has the rows of a dataset judged: `judge(...)` in judge.py."""
