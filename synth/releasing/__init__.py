"""Releases on the Hugging Face Hub: `push(...)` in push.py, `pull(...)` in pull.py."""
