"""Scores against grades: fits, calibration error, what choosing by the best score promises."""
