"""Trainers: recipes that fine-tune a student on dataset folders, one file each."""
