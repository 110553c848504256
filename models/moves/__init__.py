"""Moves: what quality loses where prompts leave the LLM that prices choose for them."""
