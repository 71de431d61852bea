"""Builds datasets by program: `build(...)` in build.py; what a builder is: synth/data/builder.py."""
