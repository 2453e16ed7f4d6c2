"""Sparse autoencoders: one variant per file, one reader per layout. This face loads no torch."""
