"""A running PM behind JSON lines: the worker, and the client that talks to it."""
