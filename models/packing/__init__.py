"""Exact packing of replicas on the GPUs of a pool: first fit, exhaustive search, least conflict."""
