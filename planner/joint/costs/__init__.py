"""Steps of a search for the least cost under a quality floor."""
