"""The programs over all options: linear relaxation, restricted mixed-integer program, capacity."""
