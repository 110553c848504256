"""Benchmarks of days: several classes, cases, a lost node."""
