"""What must not happen, tried: kills, crowds, full disks, hostile input (`make faults`)."""
