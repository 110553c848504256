"""The library of kept work: scenarios, plans and studies in a database, to be found, compared and
planned again.
"""
