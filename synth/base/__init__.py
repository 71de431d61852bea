"""What every room stands on: draws, files, settings, the terminal."""
