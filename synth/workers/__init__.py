"""Spreads work items over processes and returns the results in the order of the items."""
