"""plan.json of plans over cells: classes, cases, lost nodes, LLMs outside (schema version 2)."""
