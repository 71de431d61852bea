"""Builds datasets by program: `build(...)` in build.py; what a builder is in builder.py."""
