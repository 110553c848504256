"""What is known: records, tables and catalogues of what was measured."""
