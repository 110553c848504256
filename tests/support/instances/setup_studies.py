"""When two studies of all setups are the same."""

import numpy as np

from planner.studies.setup_rows import SetupStudy


def same(one: SetupStudy, other: SetupStudy) -> bool:
    columns = ("positions", "status", "fractions", "only_exact")
    return all(
        np.array_equal(getattr(one, c), getattr(other, c), equal_nan=True) for c in columns
    ) and np.allclose(one.quality, other.quality, equal_nan=True)
