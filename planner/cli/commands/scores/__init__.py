"""The commands `scores ...`."""
