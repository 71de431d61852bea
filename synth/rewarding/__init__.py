"""Rewards: what one is, the rows it is given, and verl's way of calling it."""
