"""Tornado and thresholds as named tables and sentences."""
