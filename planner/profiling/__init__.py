"""TODO: what planner/profiling is."""
