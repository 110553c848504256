"""From one plan over classes and cases to another: how every setup changes for the cases that both
plans have, and how every class is routed in them.

Setups are paired by cases: each pair of an old and a new setup that serve a case in common is
compared as two plans are (`diff`), so a fixed fleet that becomes a schedule has one pair for each
of its setups. Cells are paired by class, case and, where nodes are lost, by the nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from planner.plans.cells.setup_as_plan import setup_as_plan
from planner.plans.changes.diff import PlanDiff, diff_plans
from planner.plans.schema import PlanContent

__all__ = ["CellChange", "CellsDiff", "SetupChange", "diff_cells_plans"]

Content = Mapping[str, Any]


@dataclass(frozen=True)
class SetupChange:
    """A pair of setups. cases: that both serve; diff: from the one to the other."""

    cases: tuple[str, ...]
    diff: PlanDiff


@dataclass(frozen=True, kw_only=True)
class CellChange:
    """A class in a case of both plans. lost: nodes by pool, {} without. before, after: fractions by
    LLM; rates: req/s; qualities: mean score.
    """

    request_class: str
    case: str
    lost: Mapping[str, tuple[int, ...]]
    before: Mapping[str, float]
    after: Mapping[str, float]
    rates: tuple[float, float]
    qualities: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CellsDiff:
    """setups, cells: pairs of both plans; gone, new: cases of one plan alone; gone_cells,
    new_cells: (class, case) of one plan alone, in cases of both.
    """

    setups: tuple[SetupChange, ...]
    cells: tuple[CellChange, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]
    gone_cells: tuple[tuple[str, str], ...]
    new_cells: tuple[tuple[str, str], ...]


def diff_cells_plans(old: Content, new: Content) -> CellsDiff:
    """Compare two readable plans of schema 2 with a setup each, also of different scenarios."""
    was, now = _setup_by_case(old), _setup_by_case(new)
    pairs: dict[tuple[int, int], list[str]] = {}
    for case, setup in now.items():
        if case in was:
            pairs.setdefault((was[case], setup), []).append(case)
    before, after = _cells_by_name(old), _cells_by_name(new)
    cells = [
        CellChange(
            request_class=key[0],
            case=key[1],
            lost=dict(key[2]),
            before=before[key]["routing"],
            after=cell["routing"],
            rates=(before[key]["rate_rps"], cell["rate_rps"]),
            qualities=(before[key]["quality"], cell["quality"]),
        )
        for key, cell in after.items()
        if key in before
    ]
    return CellsDiff(
        setups=tuple(
            SetupChange(tuple(cases), _diff_setups(old, new, *pair))
            for pair, cases in pairs.items()
        ),
        cells=tuple(cells),
        gone=tuple(case for case in was if case not in now),
        new=tuple(case for case in now if case not in was),
        gone_cells=_alone(before, after, now.keys()),
        new_cells=_alone(after, before, was.keys()),
    )


def _diff_setups(old: Content, new: Content, before: int, after: int) -> PlanDiff:
    one, other = setup_as_plan(old, before), setup_as_plan(new, after)
    return diff_plans(cast("PlanContent", one), cast("PlanContent", other))


def _setup_by_case(content: Content) -> dict[str, int]:
    return {name: k for k, setup in enumerate(content["setups"]) for name in setup["cases"]}


CellKey = tuple[str, str, tuple[tuple[str, tuple[int, ...]], ...]]
"""Class, case, lost nodes by pool."""


def _cells_by_name(content: Content) -> dict[CellKey, Content]:
    found: dict[CellKey, Content] = {}
    for cell in content["cells"]:
        nodes = {} if cell["loss"] is None else content["losses"][cell["loss"]]["nodes"]
        lost = tuple(sorted((pool, tuple(sorted(own))) for pool, own in nodes.items()))
        found[cell["class"], cell["case"], lost] = cell
    return found


def _alone(
    here: Mapping[CellKey, Content], there: Mapping[CellKey, Content], cases: Any
) -> tuple[tuple[str, str], ...]:
    """Classes that send requests in a case of both plans in one of them alone."""
    known = {key[:2] for key in there}
    return tuple(dict.fromkeys(k[:2] for k in here if k[:2] not in known and k[1] in cases))
