"""The dual-price decomposition, an independent check of the joint optimisation."""
