"""TODO: what planner/joint is."""
