"""TODO: what planner/scenario is."""
