"""Classes, cases, LLMs outside and a budget of a scenario, as the mathematics sees them."""
