"""Named tables in, files out: charts, workbooks, deploy bundles. No plan and no Pyomo here."""
