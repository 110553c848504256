"""What is registered by entry points: our own formats and kinds, and those of other distributions.

own_entry_points    ours, by group and name
entry_points        everything that is found, loaded, and what could not be
"""
