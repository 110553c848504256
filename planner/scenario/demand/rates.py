"""Rates of classes in cases: those of the scenario, or of its table `demand`.

case, class   names of the scenario
rate_rps      requests per second, 0 where the class sends nothing
"""

from collections.abc import Mapping, Sequence

import numpy as np

from planner.scenario.schema.bounds import LEAST_RATE
from planner.scenario.schema.specification import CaseSpec, ScenarioSpec
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.tables import (
    Table,
    check_table_cells,
    number_table_column,
    require_table_columns,
    text_table_column,
)

__all__ = ["DEMAND_COLUMNS", "ONLY_CASE", "ONLY_CLASS", "assemble_rates", "read_demand_table"]

DEMAND_COLUMNS = ("case", "class", "rate_rps")
ONLY_CLASS = "all"
"""Name of the class of a scenario without classes."""
ONLY_CASE = "steady"
"""Name of the case of a scenario without cases."""

LARGEST_RATE = 1e9
SHOWN_PAIRS = 20
"""So many missing pairs are faults one by one."""

Rates = Mapping[tuple[str, str], float]
"""(case, class) -> req/s."""


def read_demand_table(table: Table, spec: ScenarioSpec, faults: list[Fault]) -> Rates | None:
    """Rates of a table that was read; None when it has faults.

    Pairs whose rate an override states may be missing.
    """
    before = len(faults)
    if not require_table_columns(table, DEMAND_COLUMNS, faults):
        return None
    cases = [case.name for case in spec.cases or ()]
    classes = [one.name for one in spec.classes or ()]
    names = {column: text_table_column(table, column, faults) for column in ("case", "class")}
    for column, known in (("case", cases), ("class", classes)):
        _check_demand_names(table, column, names[column], known, faults)
    pairs = list(zip(names["case"], names["class"], strict=True))
    first: dict[tuple[str, str], int] = {}
    repeated = np.array([first.setdefault(pair, i) != i for i, pair in enumerate(pairs)])
    repeated &= (names["case"] != "?") & (names["class"] != "?")
    fix = "keep one row of each case and class"
    check_table_cells(table, "class", repeated, "the class appears twice in the case", fix, faults)
    values = _demand_table_rates(table, faults)
    _check_missing_pairs(table, spec, set(pairs), faults)
    return None if len(faults) > before else dict(zip(pairs, map(float, values), strict=True))


def _check_demand_names(
    table: Table, column: str, names: np.ndarray, known: Sequence[str], faults: list[Fault]
) -> None:
    """A fault for every cell that names nothing of the scenario, with the name that it may mean."""
    for name in sorted(set(names) - set(known) - {"?"}):
        guess = fault_spelling_guess(name, known)
        problem = f"the scenario has no {column} of this name"
        fix = f"{guess}known here: {', '.join(known)}"
        check_table_cells(table, column, names == name, problem, fix, faults)


def _demand_table_rates(table: Table, faults: list[Fault]) -> np.ndarray:
    """(R,) req/s, with a fault for every one that is blank, negative or out of bounds."""
    before = len(faults)
    column = DEMAND_COLUMNS[2]
    rates = number_table_column(table, column, faults)
    if len(faults) == before:
        fix = "write the rate, 0 where the class sends nothing"
        check_table_cells(table, column, np.isnan(rates), "the rate is blank", fix, faults)
    fix = f"write 0, or {LEAST_RATE:g} or more"
    check_table_cells(table, column, rates < 0, "the rate is negative", fix, faults)
    small = (rates > 0) & (rates < LEAST_RATE)
    check_table_cells(table, column, small, "the rate is too small", fix, faults)
    fix = f"write {LARGEST_RATE:.12g} or less"
    check_table_cells(table, column, rates > LARGEST_RATE, "the rate is too large", fix, faults)
    return rates


def _check_missing_pairs(
    table: Table, spec: ScenarioSpec, present: set[tuple[str, str]], faults: list[Fault]
) -> None:
    """A fault for every class that a case lacks and no override states."""
    missing = [
        f"{case.name}, {one.name}"
        for case in spec.cases or ()
        for one in spec.classes or ()
        if (case.name, one.name) not in present and _stated_rate(case, one.name) is None
    ]
    for pair in missing[:SHOWN_PAIRS]:
        problem = f"there is no row of case and class {pair}"
        faults.append(Fault(table.file, "", "", problem, "add it, with 0 where nothing arrives"))
    if len(missing) > SHOWN_PAIRS:
        problem = f"there are no rows of {len(missing) - SHOWN_PAIRS} more cases and classes"
        faults.append(Fault(table.file, "", "", problem, "add them"))


def _stated_rate(case: CaseSpec, name: str) -> float | None:
    """What the scenario itself says of a class in a case, req/s; None: nothing."""
    stated = case.arrival_rate_rps
    return stated.get(name) if isinstance(stated, dict) else stated


def assemble_rates(
    spec: ScenarioSpec, table: Rates | None, file: str, faults: list[Fault]
) -> np.ndarray | None:
    """(C, T) req/s of a scenario with classes or cases; what the scenario states comes before what
    the table says. None, with a fault, where nothing ever arrives.
    """
    classes = [one.name for one in spec.classes or ()] or [ONLY_CLASS]
    cases = spec.cases or (CaseSpec(name=ONLY_CASE, arrival_rate_rps=spec.arrival_rate_rps),)
    rates = np.zeros((len(classes), len(cases)))
    for t, case in enumerate(cases):
        for c, name in enumerate(classes):
            stated = _stated_rate(case, name)
            rates[c, t] = (table or {})[case.name, name] if stated is None else stated
    hours = np.array([case.hours for case in cases])
    if not (rates.sum(axis=0) * hours > 0).any():
        problem = "no request arrives in any case with hours above 0"
        faults.append(Fault(file, "cases", "", problem, "give one a rate and hours above 0"))
        return None
    return rates
