"""What is edited of a day: rates, cases, classes with their SLOs, and whether setups change."""
