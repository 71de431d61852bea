"""Rewards, one file each, for trainers that learn from them; other packages declare theirs as `synth.rewards`."""
