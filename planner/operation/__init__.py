"""TODO: what planner/operation is."""
