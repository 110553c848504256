"""A first scenario, made around the tables that somebody has."""
