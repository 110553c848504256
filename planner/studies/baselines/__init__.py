"""Simpler ways to decide, planned and measured beside the joint plan."""
