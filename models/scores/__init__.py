"""Score tables: passes in blocks of prompts; against grades: fits, calibration error, what choosing
by the best score promises.
"""
