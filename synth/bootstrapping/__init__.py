"""Models that teach themselves to reason: ask, keep what is right, train, again: `synth train star`."""
