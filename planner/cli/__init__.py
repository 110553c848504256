"""TODO: what planner/cli is."""
