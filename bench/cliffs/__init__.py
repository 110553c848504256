"""Hard planning instances, and what becomes of them: `python -m bench cliffs --help`."""
