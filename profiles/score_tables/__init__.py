"""Tables of scores: columns checked, read whole or batch by batch, written."""
