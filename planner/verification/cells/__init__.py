"""The independent verifier of plans for classes of requests, cases, lost nodes and LLMs outside."""
