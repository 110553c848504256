"""TODO: what planner/plans is."""
