"""Near-duplicates of an index."""
