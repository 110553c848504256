"""TODO: what planner/presentation is."""
