"""Latency curves: how a tail is read between and beyond the percentiles."""
