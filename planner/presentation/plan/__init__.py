"""One plan in words: verdict, conflict, prices, limits, provenance, story, GPU map."""
