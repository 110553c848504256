"""The plan as a record, and its file: plan.json is written whole, and read back as strict JSON."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from planner.errors import DataError, InfeasibleError, NoPlanInTimeError
from planner.plans.schema import (
    AlternativesContent,
    ChangeContent,
    ContextContent,
    MarginalContent,
    PlanContent,
)
from planner.program import PROGRAM
from profiles.io.faults import Fault, file_text_or_fault
from profiles.io.writing import write_whole_file

__all__ = [
    "REWRITE",
    "SCHEMA",
    "Plan",
    "best_effort_change",
    "plan_record_text",
    "read_plan_record",
    "write_plan_record",
]


SCHEMA = 1


REWRITE = f"write it again with `{PROGRAM} plan SCENARIO --json PATH`"


@dataclass(frozen=True)
class Plan:
    """A plan, or why there is none.

    content: plan.json as plain dicts, lists, text and finite numbers; names and file units (ms,
    req/s, GiB, %, USD/h).
    """

    content: PlanContent

    @property
    def status(self) -> str:
        """One of optimal, feasible, infeasible, unknown."""
        return str(self.content["status"])

    @property
    def best_effort(self) -> "Plan | None":
        """The plan of the nearest feasible case of a conflict, or None.

        What makes it feasible: `best_effort_change` of its content.
        """
        conflict = self.content.get("conflict")
        effort = None if conflict is None else conflict["best_effort"]
        if effort is None:
            return None
        head = {key: value for key, value in self.content.items() if key != "conflict"}
        return Plan(cast("PlanContent", {**head, **effort}))

    def with_marginals(self, marginals: list[MarginalContent]) -> "Plan":
        """The plan with the value of one unit more or less of each limit."""
        context: ContextContent = {**self.content["context"], "marginals": marginals}
        return Plan({**self.content, "context": context})

    def with_alternatives(self, others: AlternativesContent) -> "Plan":
        """The plan with other setups nearly as good."""
        context: ContextContent = {**self.content["context"], "alternatives": others}
        return Plan({**self.content, "context": context})

    def demand_setup(self) -> "Plan":
        """Give the plan back when it has a setup; else raise InfeasibleError (with the conflict) or
        NoPlanInTimeError.
        """
        if self.status == "infeasible":
            raise InfeasibleError(
                "\n".join(self.content["conflict"]["limits"]) or "no plan keeps all limits"
            )
        if self.status == "unknown":
            raise NoPlanInTimeError(
                f"stopped ({self.content['solver']['termination']}) before a plan was found"
            )
        return self


def best_effort_change(content: PlanContent) -> ChangeContent | None:
    """What makes a best effort feasible; None of a plan of the scenario as it is."""
    return cast("ChangeContent | None", content.get("change"))


def write_plan_record(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Write plan.json whole or not at all; `scenario_path` becomes relative to its folder.

    OSError when that is not writable.
    """
    target = Path(path).resolve()
    scenario = Path(plan.content["scenario_path"]).resolve()
    content: PlanContent = {
        **plan.content,
        "scenario_path": Path(os.path.relpath(scenario, target.parent)).as_posix(),
    }
    write_whole_file(target, lambda stream: stream.write(plan_record_text(content)))


def plan_record_text(content: Mapping[str, Any]) -> str:
    """Return strict JSON (ValueError on NaN or infinity) in ASCII, indented, with a newline at its
    end.
    """
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def read_plan_record(path: str | os.PathLike[str]) -> Plan:
    """Read the plan of a plan.json; DataError when it is unreadable, not strict JSON or not a plan
    of schema version 1.
    """
    text, fault = file_text_or_fault(Path(path))
    if fault is None:
        try:
            content = json.loads(text, parse_constant=_refuse_constant)
        except ValueError as error:
            fault = Fault(str(path), "", "", f"not strict JSON ({error})", REWRITE)
        else:
            if isinstance(content, dict) and content.get("schema") == SCHEMA:
                return Plan(cast("PlanContent", content))
            fault = Fault(
                str(path), "schema", "", f"not a plan of schema version {SCHEMA}", REWRITE
            )
    raise DataError([fault])


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number of strict JSON")
