"""Scores against grades in words and tables."""
