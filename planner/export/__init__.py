"""TODO: what planner/export is."""
