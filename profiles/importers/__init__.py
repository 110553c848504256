"""Profile tables from the files of benchmark tools: find, identify, pool, tabulate."""
