"""TODO: what planner/decomposition is."""
