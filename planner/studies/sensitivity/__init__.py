"""What moves a plan: a tornado of its inputs, and how far an input may move before it changes."""
