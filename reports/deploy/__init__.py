"""The files of a deploy bundle, from tables and words alone."""
