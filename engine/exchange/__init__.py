"""In and out: what an index holds as files that other programs read, and theirs taken in."""
