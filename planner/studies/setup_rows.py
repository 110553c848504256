"""The rows of a study of all setups: filled one by one, then one record of columns."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.instance import Instance
from planner.decomposition.enumeration import (
    Setups,
)
from planner.decomposition.routing import RoutingResult

__all__ = ["STATUSES", "TOLERANCE", "SetupRows", "SetupStatus", "SetupStudy"]


TOLERANCE = 4e-5
"""Between quality and bound of a setup, in shares of the range of scores."""


class SetupStatus(StrEnum):
    """What is known of a setup.

    UNDECIDED: the branch and bound ended between the two. PRUNED: it cannot be the best.
    """

    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNDECIDED = "undecided"
    PRUNED = "pruned"
    NOT_ROUTED = "not routed"


STATUSES = tuple(SetupStatus)


@dataclass(frozen=True, kw_only=True)
class SetupStudy:
    """One row per retained setup. positions: (R,) in `setups`; status: (R,) positions in STATUSES;
    only_exact: (R,) not placed by first fit.

    quality, bound: (R,) NaN where there is none; fractions, alpha: (R, M); beta, spends: (R, S),
    shares of the budgets of shared SLOs.
    tolerance: between quality and bound. complete: nothing was left because of an interrupt.
    """

    setups: Setups
    positions: np.ndarray
    only_exact: np.ndarray
    status: np.ndarray
    quality: np.ndarray
    bound: np.ndarray
    fractions: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    spends: np.ndarray
    tolerance: float
    resumed: int
    seconds: float
    complete: bool

    def count(self, status: SetupStatus | str) -> int:
        """Rows of one status."""
        return int((self.status == STATUSES.index(SetupStatus(status))).sum())


class SetupRows:
    """The columns of a study, filled row by row."""

    def __init__(self, instance: Instance, rows: int) -> None:
        llms, slos = len(instance.llms), sum(slo.scope == "all" for slo in instance.slos)
        self.span = float(np.ptp(instance.scores.values)) or 1.0
        self.status = np.full(rows, STATUSES.index(SetupStatus.NOT_ROUTED), dtype=np.int8)
        self.quality, self.bound = np.full(rows, np.nan), np.full(rows, np.nan)
        self.fractions, self.alpha = np.full((rows, llms), np.nan), np.full((rows, llms), np.nan)
        self.beta, self.spends = np.full((rows, slos), np.nan), np.full((rows, slos), np.nan)

    def put(self, rows: Sequence[int] | np.ndarray, routed: Sequence[RoutingResult]) -> None:
        """Enter what was routed."""
        for row, one in zip(rows, routed, strict=True):
            routable = one.value is not None
            none = one.bound == -np.inf
            self.status[row] = STATUSES.index(
                SetupStatus.FEASIBLE
                if routable
                else SetupStatus.INFEASIBLE
                if none
                else SetupStatus.UNDECIDED
            )
            self.quality[row] = one.value if routable else np.nan
            self.bound[row] = np.nan if none else one.bound
            if routable:
                self.fractions[row], self.alpha[row], self.beta[row], self.spends[row] = (
                    one.fractions,
                    one.alpha,
                    one.beta,
                    one.spends,
                )

    def best(self) -> float:
        """Best quality so far; NaN before there is one."""
        return float(np.nan if np.isnan(self.quality).all() else np.nanmax(self.quality))

    def study(
        self,
        setups: Setups,
        positions: np.ndarray,
        only_exact: np.ndarray,
        began: float,
        resumed: int,
    ) -> SetupStudy:
        """Put the record together."""
        complete = not (self.status == STATUSES.index(SetupStatus.NOT_ROUTED)).any()
        return SetupStudy(
            setups=setups,
            positions=positions,
            only_exact=only_exact,
            status=self.status,
            quality=self.quality,
            bound=self.bound,
            fractions=self.fractions,
            alpha=self.alpha,
            beta=self.beta,
            spends=self.spends,
            tolerance=TOLERANCE * self.span,
            resumed=resumed,
            seconds=time.perf_counter() - began,
            complete=complete,
        )
