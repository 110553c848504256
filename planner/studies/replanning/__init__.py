"""Kept plans made again: with this version, or with something of their scenarios changed."""
