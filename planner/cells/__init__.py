"""The search over cells: one setup for several classes and cases, routing cell by cell."""
