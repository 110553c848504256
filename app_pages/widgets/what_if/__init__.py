"""The page What-if below its sliders: frontiers, what moves the plan, setups nearly as good."""
