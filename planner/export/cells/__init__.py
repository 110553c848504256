"""A plan over classes and cases handed over: report content and its files."""
