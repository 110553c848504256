"""A day of demand made of logs, as tables and sentences."""
