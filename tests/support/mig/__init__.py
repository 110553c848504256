"""Instances, pools and scenarios with MIG instances."""
