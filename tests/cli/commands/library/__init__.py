"""Tests of the commands on the library."""
