"""A plan handed over: report content, workbooks and charts, the deploy bundle."""
