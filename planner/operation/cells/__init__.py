"""One plan over classes and cases in operation: its router, other prompts, requests replayed."""
