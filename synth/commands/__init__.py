"""The commands of `synth`, one file a verb: help and printed summary. What is slow to import is imported inside."""
