"""The mathematics alone: curves, quality, capacity, placement, the Pyomo program, the router."""
