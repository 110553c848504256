"""Logs of requests and tables of rates: one file a format, and the pipeline over them."""
