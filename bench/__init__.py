"""Times the planner: `python -m bench --help`."""
