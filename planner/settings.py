"""Settings of a solve, and what it reports while running."""

import math
from dataclasses import dataclass

CLOSE_ENOUGH = 1e-6
"""A bound and a value this close, in shares of the range of scores, have met, however small the
wanted gap is (the contract).
"""

FLOOR_SLACK = 1e-6
"""A plan counts when its exact quality reaches the floor less this (the contract)."""


@dataclass(frozen=True)
class Settings:
    """rel_gap: |bound - value| / |value| at which a search may end. time_limit: s. threads, seed:
    of HiGHS. keep_program: hand the last mixed-integer program over with the solution
    (`Solution.program`, for planner.joint.solver.model_file.write_model_file).

    work: of the mixed-integer programs of a search, in nodes x columns, a root with its cuts as
    ROOT_NODES nodes (planner.joint.setups.search_state). Where it is finite, seconds decide nothing
    but that the time limit ends the search: a busy machine finds the same plan, later.
    """

    rel_gap: float = 1e-4
    time_limit: float = 60.0
    threads: int = 1
    seed: int = 0
    keep_program: bool = False
    work: float = math.inf


@dataclass(frozen=True)
class Progress:
    """elapsed: s. phase: in words.

    value, bound: of the objective in its own unit, None while unknown; value NaN (default) where no
    plan is sought.
    """

    elapsed: float
    phase: str
    value: float | None = math.nan
    bound: float | None = None
