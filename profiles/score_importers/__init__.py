"""Scores tables from files of benchmarks: one file a format, and the pipeline over them."""
