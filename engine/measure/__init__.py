"""The measurement: packing, splices, effects and runs. Only ever in a process of its own."""
