"""Builders: programs that write a reasoning dataset, one file or folder each. Each ends with its BUILDER."""
