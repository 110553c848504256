"""Tests of the library of kept work."""
