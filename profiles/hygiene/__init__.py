"""Hygiene of profile tables: what is doubtful about their curves, each finding with its rows.

Read leniently: what `profiles.curves` refuses in a sound cell (repeats, gaps, disorder of
percentiles) is a finding here, so that one run lists everything. Only a table whose cells cannot be
read is a fault.
"""
