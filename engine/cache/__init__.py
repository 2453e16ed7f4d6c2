"""What is on disk, and every query the screens ask of it. The one place that knows SQL."""
