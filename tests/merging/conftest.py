"""What every test of merging has: a key for the teacher, and a way to write questions."""

from distillations import account, questions

__all__ = ["account", "questions"]
