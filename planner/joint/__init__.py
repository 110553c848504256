"""The joint optimisation: search by cuts, mixed-integer programs, packing, exact routing."""
