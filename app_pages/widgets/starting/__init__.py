"""Steps of the page New scenario, each with its fields and what keeps it from being left."""
