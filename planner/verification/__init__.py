"""TODO: what planner/verification is."""
