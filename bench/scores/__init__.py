"""Score tables: what they promise (`python -m bench.scores.fits FOLDER`), and those too large for
memory: `python -m bench scores --help`.
"""
