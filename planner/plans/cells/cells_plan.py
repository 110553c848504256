"""A plan over cells as a record, alone and together with the scenario it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.demand.requests import DemandInstance
from planner.errors import InfeasibleError, NoPlanInTimeError
from planner.scenario.assemble import LoadResult

__all__ = ["CellsPlan", "CellsPlanAndScenario"]


@dataclass(frozen=True)
class CellsPlan:
    """A plan with classes and cases, or why there is none.

    content: plan.json of schema 2 as plain dicts, lists, text and finite numbers; names and file
    units (ms, req/s, GiB, %, USD/h).
    """

    content: Mapping[str, Any]

    @property
    def status(self) -> str:
        """One of optimal, feasible, infeasible, unknown."""
        return str(self.content["status"])

    def demand_setup(self) -> "CellsPlan":
        """Give the plan back when it has a setup; else raise InfeasibleError (with the conflict) or
        NoPlanInTimeError.
        """
        if self.status == "infeasible":
            limits = self.content.get("conflict", {}).get("limits", [])
            raise InfeasibleError("\n".join(limits) or "no plan keeps all limits")
        if self.status == "unknown":
            termination = self.content["solver"]["termination"]
            raise NoPlanInTimeError(f"stopped ({termination}) before a plan was found")
        return self


@dataclass(frozen=True)
class CellsPlanAndScenario:
    """A plan over cells, and its scenario loaded with the plan's overrides; their hashes are equal.

    problems: what of the plan is not true of the scenario; only a plan that was explicitly read
    unverified has any, and none that would leave a name or a position without what it names.
    """

    plan: CellsPlan
    loaded: LoadResult
    problems: tuple[str, ...] = ()

    @property
    def demand(self) -> DemandInstance:
        """Classes, cases and LLMs outside of the scenario."""
        if self.loaded.demand is None:
            raise AssertionError("a plan over cells is of a scenario with cells")
        return self.loaded.demand
