"""TODO: what planner/studies/baselines is."""
