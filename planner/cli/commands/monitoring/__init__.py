"""Commands that hold a plan against what its servers do."""
