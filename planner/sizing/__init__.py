"""How many nodes of which pool to have: numbers of nodes as decisions of a plan."""
