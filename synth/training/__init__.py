"""What trainers share: data, order, loop, checkpoints, the folder of a run."""
