"""The input: read, checked and assembled to an instance; units change here."""
