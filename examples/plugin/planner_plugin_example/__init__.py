"""An importer, an exporter and a scorer for llm-planner."""
