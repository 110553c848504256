"""Simpler ways to decide, planned and compared with the joint plan."""
