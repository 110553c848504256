"""Many solves: sweep, marginal values, alternatives, all setups, cross-check."""
