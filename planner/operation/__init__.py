"""One plan in operation: prices over load, other prompts, replayed requests."""
