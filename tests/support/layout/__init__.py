"""The tables of tests/test_layout.py: what may import what, and where modules are tested."""
