"""The plan as a record: content of plan.json, tables, differences, placements."""
