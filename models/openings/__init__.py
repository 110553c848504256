"""Quality where an LLM without replicas answers nothing: cuts over fractions and open LLMs."""
