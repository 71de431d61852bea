"""Reads the answer that a reply commits to, and compares it with the gold one."""
