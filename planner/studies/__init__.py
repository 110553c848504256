"""TODO: what planner/studies is."""
