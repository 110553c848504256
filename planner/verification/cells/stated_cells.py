"""A plan of cells read back: its setups, lanes, cells and losses by position, with the loads, rates
and latencies that follow from what is stated.

    load of a lane      rho_j = sum_c work_ci x_cj / m_j
    rate sent outside   z_ci = l_ct f_cti           of LLMs outside the cluster

Independent of what the plan is written with. References must be sound (`check_cells_references`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.demand.requests import DemandInstance
from planner.verification.cells.cells_references import states_of_case
from planner.verification.curve_reading import CurveLoad
from planner.verification.deployed_options import (
    OptionIndex,
    StatedOption,
    deployed_option_name,
    find_deployed_option,
)
from planner.verification.tolerances import FRACTION_TOL
from profiles.records import Curve

__all__ = [
    "StatedCell",
    "StatedCells",
    "StatedLane",
    "StatedSetup",
    "lanes_by_option",
    "read_stated_cells",
]


@dataclass(frozen=True, kw_only=True)
class StatedSetup:
    """One entry of plan["setups"].

    cases: positions. options: in the setup's own order. seats: node's pool and number of every
    replica, by (position in `options`, replica); several nodes only where the placement is wrong.
    """

    entry: Mapping[str, Any]
    where: str
    cases: tuple[int, ...]
    options: tuple[StatedOption, ...]
    seats: Mapping[tuple[int, int], frozenset[tuple[str, int]]]


@dataclass(frozen=True, kw_only=True)
class StatedLane:
    """One entry of plan["lanes"].

    option: in the options of its setup. rates: (C,) req/s of the whole lane. load: req/s of one
    replica, recomputed.
    """

    entry: Mapping[str, Any]
    where: str
    case: int
    loss: int | None
    option: StatedOption
    setup_option: int
    replicas: int
    rates: np.ndarray
    load: float


@dataclass(frozen=True, kw_only=True)
class StatedCell:
    """One entry of plan["cells"].

    rate: req/s of the demand. fractions: (M + E,) of served LLMs.
    """

    entry: Mapping[str, Any]
    where: str
    case: int
    loss: int | None
    request_class: int
    rate: float
    fractions: np.ndarray

    @property
    def quality(self) -> float:
        """Stated mean score."""
        return float(self.entry["quality"])


State = tuple[int, int | None]
"""(case, loss); loss None where no nodes are lost."""


@dataclass(frozen=True, kw_only=True)
class StatedCells:
    """The whole plan. demand: with the rates to be served, headroom included."""

    plan: Mapping[str, Any]
    demand: DemandInstance
    setups: tuple[StatedSetup, ...]
    lanes: tuple[StatedLane, ...]
    cells: tuple[StatedCell, ...]

    @cached_property
    def _lanes_by_state(self) -> dict[State, list[StatedLane]]:
        found: dict[State, list[StatedLane]] = {}
        for lane in self.lanes:
            found.setdefault((lane.case, lane.loss), []).append(lane)
        return found

    @cached_property
    def _cells_by_state(self) -> dict[State, list[StatedCell]]:
        found: dict[State, list[StatedCell]] = {}
        for cell in self.cells:
            found.setdefault((cell.case, cell.loss), []).append(cell)
        return found

    def states(self, case: int | None = None) -> Iterator[State]:
        """States with cells and lanes of their own."""
        for t in range(len(self.demand.cases)) if case is None else (case,):
            for loss in states_of_case(self.plan["losses"], self.demand, t):
                yield t, loss

    def state_name(self, case: int, loss: int | None) -> str:
        """What messages call a state."""
        return f"case {self.demand.cases[case].name}" + ("" if loss is None else f", loss {loss}")

    def setup_of(self, case: int) -> StatedSetup:
        """The setup that serves the case."""
        return next(setup for setup in self.setups if case in setup.cases)

    def lanes_of(self, case: int, loss: int | None) -> list[StatedLane]:
        """Lanes of a state."""
        return self._lanes_by_state.get((case, loss), [])

    def cells_of(self, case: int, loss: int | None) -> list[StatedCell]:
        """Cells of a state."""
        return self._cells_by_state.get((case, loss), [])

    def loads_of_cell(self, cell: StatedCell) -> list[tuple[str, CurveLoad]]:
        """Where the requests of a cell go: what messages call the place, rate, curve and load.

        Lanes and LLMs outside that get no more than float noise of the cell's rate are left out.
        """
        least, demand = FRACTION_TOL * cell.rate, self.demand
        found = [
            (
                f"{lane.where} ({lane.option.name})",
                CurveLoad(
                    demand.curve(lane.option.position, cell.request_class),
                    float(lane.rates[cell.request_class]),
                    lane.load,
                ),
            )
            for lane in self.lanes_of(cell.case, cell.loss)
            if lane.rates[cell.request_class] > least
        ]
        outside = cell.rate * cell.fractions[len(demand.instance.llms) :]
        for llm, rate in zip(demand.outside, outside, strict=True):
            if rate > least:
                curve = Curve(
                    np.zeros(1),
                    {column: np.array([value]) for column, value in llm.latency.items()},
                    ("measured",),
                )
                found.append(
                    (f"{llm.name} outside the cluster", CurveLoad(curve, float(rate), 0.0))
                )
        return found


def read_stated_cells(
    plan: Mapping[str, Any], demand: DemandInstance, index: OptionIndex
) -> StatedCells:
    """The plan by position; all its references must be sound, and every option one of the
    instance's.
    """
    cases = {case.name: t for t, case in enumerate(demand.cases)}
    classes = {entry.name: c for c, entry in enumerate(demand.classes)}
    setups = tuple(_read_setup(entry, k, cases, index) for k, entry in enumerate(plan["setups"]))
    by_case = {t: setup for setup in setups for t in setup.cases}
    lanes = tuple(
        _read_lane(entry, k, by_case[cases[entry["case"]]], demand, cases)
        for k, entry in enumerate(plan["lanes"])
    )
    cells = []
    for k, entry in enumerate(plan["cells"]):
        c, t = classes[entry["class"]], cases[entry["case"]]
        state = "" if entry["loss"] is None else f", loss {entry['loss']}"
        cells.append(
            StatedCell(
                entry=entry,
                where=f"cells.{k} (class {entry['class']}, case {entry['case']}{state})",
                case=t,
                loss=entry["loss"],
                request_class=c,
                rate=demand.cases[t].rates[c],
                fractions=np.array([entry["routing"].get(name, 0.0) for name in demand.served]),
            )
        )
    return StatedCells(plan=plan, demand=demand, setups=setups, lanes=lanes, cells=tuple(cells))


def _read_setup(
    entry: Mapping[str, Any], position: int, cases: Mapping[str, int], index: OptionIndex
) -> StatedSetup:
    where = f"setups.{position}"
    options = []
    for option in entry["options"]:
        found = find_deployed_option(option, index)
        if found is not None:
            name = deployed_option_name(option)
            options.append(StatedOption(option, found, option["replicas"], 0.0, name))
    seats: dict[tuple[int, int], set[tuple[str, int]]] = {}
    for shard in entry["placement"]:
        seat = seats.setdefault((shard["option"], shard["replica"]), set())
        seat.add((shard["pool"], shard["node"]))
    return StatedSetup(
        entry=entry,
        where=where,
        cases=tuple(cases[name] for name in entry["cases"]),
        options=tuple(options),
        seats={key: frozenset(nodes) for key, nodes in seats.items()},
    )


def _read_lane(
    entry: Mapping[str, Any],
    position: int,
    setup: StatedSetup,
    demand: DemandInstance,
    cases: Mapping[str, int],
) -> StatedLane:
    option = setup.options[entry["option"]]
    rates = np.array([float(entry["rates"].get(c.name, 0.0)) for c in demand.classes])
    work = _work_on_llm(demand, demand.instance.options[option.position].llm)
    state = "" if entry["loss"] is None else f", loss {entry['loss']}"
    return StatedLane(
        entry=entry,
        where=f"lanes.{position} (case {entry['case']}{state})",
        case=cases[entry["case"]],
        loss=entry["loss"],
        option=option,
        setup_option=entry["option"],
        replicas=entry["replicas"],
        rates=rates,
        load=float(work @ rates) / entry["replicas"],
    )


def _work_on_llm(demand: DemandInstance, llm: int) -> np.ndarray:
    """(C,) load of one request of every class on an LLM of the cluster."""
    return np.array([c.work[llm] for c in demand.classes], dtype=float)


def lanes_by_option(lanes: Sequence[StatedLane], count: int) -> np.ndarray:
    """(count,) replicas that lanes hold of every option of a setup."""
    held = np.zeros(count, dtype=int)
    for lane in lanes:
        held[lane.setup_option] += lane.replicas
    return held
