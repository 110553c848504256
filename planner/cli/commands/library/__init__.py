"""The commands on the library of kept work."""
