"""Figures over many rows: intervals, calibration, lines, ranges."""
