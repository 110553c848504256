"""The commands `profile ...`."""
