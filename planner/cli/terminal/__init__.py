"""TODO: what planner/cli/terminal is."""
