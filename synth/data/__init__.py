"""Dataset folders: read, written, counted, shown."""
