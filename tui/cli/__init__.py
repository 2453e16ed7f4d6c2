"""The `outvoted` program."""
