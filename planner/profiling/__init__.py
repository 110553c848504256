"""Curves of options that were not measured, and what to measure next."""
