"""Outvoted's screens and command line. They ask; the engine answers."""
