"""Results as named tables and sentences; no decision is computed here."""
