"""HiGHS: programs solved, kept alive between cuts, and written out for other solvers."""
