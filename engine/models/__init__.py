"""PM and SAE as they are on disk. Torch lives here and above; this face loads none of it."""
