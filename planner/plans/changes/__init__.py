"""From one plan to another: nodes matched, placement kept, steps in order, differences."""
