"""Which class, case and loss of a plan is meant: names and positions as they are given, or a fault
that lists what there is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from planner.errors import DataError
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import StateCell, read_cells_states
from profiles.io.faults import Fault, fault_spelling_guess, shown_in_fault

__all__ = ["chosen_case_names", "chosen_class_names", "find_state_cell"]

Content = Mapping[str, Any]


def find_state_cell(
    source: CellsPlanAndScenario, request_class: str | None, case: str | None, loss: int | None
) -> StateCell:
    """The cell of a class in a case, and where that loses nodes in one of its losses (a position in
    plan["losses"]; one that shares its routing with another is answered by that one).

    DataError with every word that is missing or unknown, and what there is. A plan with one class
    or one case need not be told it.
    """
    content, demand = source.plan.content, source.demand
    classes = [entry.name for entry in demand.classes]
    cases = [entry.name for entry in demand.cases]
    faults = [
        *_choice_faults(content["scenario"], "--class", request_class, classes),
        *_choice_faults(content["scenario"], "--case", case, cases),
    ]
    case = cases[0] if case is None and len(cases) == 1 else case
    if case in cases:
        faults += _loss_faults(content, case, loss)
    if faults:
        raise DataError(faults)
    name = classes[0] if request_class is None else request_class
    routed = None if loss is None else content["losses"][loss]["same_as"]
    wanted = loss if routed is None else routed
    for state in read_cells_states(content, demand):
        if (demand.cases[state.case].name, state.loss) == (case, wanted):
            if classes.index(name) in state.cells:
                return StateCell(state, classes.index(name))
            busy = ", ".join(demand.classes[c].name for c in sorted(state.cells)) or "no class"
            problem = f"the class sends no requests in case {case}, so nothing routes them"
            fix = f"name another case, or another class ({busy})"
            raise DataError([Fault(content["scenario"], "--class", name, problem, fix)])
    raise AssertionError("a readable plan has every state of its cases")


def _choice_faults(plan: str, option: str, given: str | None, known: Sequence[str]) -> list[Fault]:
    """No name where there are several, or one that is not there."""
    word = option.removeprefix("--")
    kinds = "classes" if word == "class" else "cases"
    listed = ", ".join(known)
    if given is None:
        if len(known) == 1:
            return []
        problem = f"the plan has prices for each of its {len(known)} {kinds}"
        return [Fault(plan, option, "", problem, f"name one with {option}: {listed}")]
    if given in known:
        return []
    fix = f"{fault_spelling_guess(given, known)}there are {listed}"
    return [Fault(plan, option, shown_in_fault(given), f"the plan has no such {word}", fix)]


def _loss_faults(content: Content, case: str, loss: int | None) -> list[Fault]:
    """No loss for a case that loses nodes, one for a case that does not, or another case's."""
    own = {k: entry for k, entry in enumerate(content["losses"]) if entry["case"] == case}
    plan = content["scenario"]
    if not own:
        if loss is None:
            return []
        return [Fault(plan, "--loss", str(loss), f"case {case} loses no nodes", "leave it out")]
    if loss in own:
        return []
    listed = "; ".join(f"{k} = {_lost_nodes(entry['nodes'])}" for k, entry in own.items())
    problem = f"case {case} has prices for each of its {len(own)} losses of nodes"
    given = "" if loss is None else str(loss)
    return [Fault(plan, "--loss", given, problem, f"name one with --loss: {listed}")]


def _lost_nodes(nodes: Mapping[str, Sequence[int]]) -> str:
    return ", ".join(
        f"node{'s' if len(which) > 1 else ''} {', '.join(map(str, which))} of {pool}"
        for pool, which in nodes.items()
    )


def chosen_class_names(source: CellsPlanAndScenario, given: Sequence[str]) -> tuple[str, ...]:
    """Classes that a report is restricted to, none given: all; DataError for unknown ones."""
    known = [entry.name for entry in source.demand.classes]
    return _chosen_names(source, "--class", given, known)


def chosen_case_names(source: CellsPlanAndScenario, given: Sequence[str]) -> tuple[str, ...]:
    """The same of cases."""
    known = [entry.name for entry in source.demand.cases]
    return _chosen_names(source, "--case", given, known)


def _chosen_names(
    source: CellsPlanAndScenario, option: str, given: Sequence[str], known: Sequence[str]
) -> tuple[str, ...]:
    plan = source.plan.content["scenario"]
    faults = [fault for name in given for fault in _choice_faults(plan, option, name, known)]
    if faults:
        raise DataError(faults)
    return tuple(name for name in known if not given or name in given)
