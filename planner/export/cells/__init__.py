"""A plan over classes and cases handed over: report content and its files; its setups as servers,
groups of backends, deploy bundle.
"""
