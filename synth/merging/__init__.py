"""Puts the shards of a distillation together: `synth merge`."""
