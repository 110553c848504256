"""The independent verifier of plans."""
