"""One file a screen; see synth/viewing/site.py."""
