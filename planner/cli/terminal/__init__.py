"""What all commands do at a terminal: frame, output, progress, Ctrl-C, the plan's report."""
