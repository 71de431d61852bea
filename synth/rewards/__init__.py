"""Rewards, one file each, for trainers that learn from them; other packages declare theirs as `synth.rewards`.

A file ends with its REWARD (synth/rewarding/reward.py says what that is); TRL's trainers take the function:

    from synth.rewards.accuracy import accuracy
"""
