"""From a relaxation to plans: branching, plunges, the neighbourhood of the best plan, thinning."""
