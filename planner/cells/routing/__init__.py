"""The live programs of cells: the relaxation of cases, and the routing of one case in lanes."""
