"""Curves of options nobody measured, and what to measure next."""
