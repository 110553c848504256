"""Branch and cut over a live linear program whose quality cuts grow at every node."""
