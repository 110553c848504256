"""What a plan is made for, as distinct from what the scenario states: headroom; classes and cases."""
