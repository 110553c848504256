"""TODO: what planner/cli/commands is."""
