"""Questions of the form "what if": fields of a scenario that a sweep may vary, with values to
try in the notation of `sweep --vary` (START:STOP:STEP, or values with commas).

    arrival rate, SLO limits      FACTORS of the scenario's               nodes, GPUs per node     1
                                  to twice as many, at least 3 more
    required quality              FLOORS of it; for a plan of best quality, the cheapest GPUs for
                                  parts of that quality
    memory kept free, minimum of allocated compute, replicas of an LLM    round numbers
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from planner.plans.labels import slo_name
from planner.plans.numbers import tidy
from planner.program import PROGRAM
from planner.scenario.edits import ScenarioEdit, changed, content_of_edit
from planner.scenario.schema.paths import set_at_schema_path
from planner.scenario.schema.specification import ScenarioSpec
from planner.studies.sweep_axes import Axis, read_sweep_axis
from profiles.io.faults import DataError, Fault, shown_in_fault

__all__ = [
    "MOST_POINTS",
    "ScenarioField",
    "what_if_edit",
    "what_if_field_value",
    "what_if_fields",
    "what_if_frontier_axis",
    "what_if_overrides_without",
    "what_if_slider_range",
    "what_if_sweep_command",
]

FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)


FLOORS = (0.9, 0.92, 0.94, 0.96, 0.98, 0.99, 1.0, 1.01)


MOST_POINTS = 60
"""Most points of an interactive frontier; the command has no such limit."""


@dataclass(frozen=True)
class ScenarioField:
    """What may be varied.

    path: dotted; label: words and unit; values: to try, as `--vary` reads them.

    cheapest: values are qualities; each point is the cheapest GPUs that reach it.
    """

    path: str
    label: str
    values: str
    cheapest: bool = False


def what_if_fields(
    scenario: Mapping[str, Any], quality: float | None = None
) -> list[ScenarioField]:
    """Return the fields of a scenario that may be varied.

    scenario: content of its file. quality: of its best plan, for the cheapest GPUs that reach parts
    of it.
    """
    fields = [
        ScenarioField(
            "arrival_rate_rps",
            "Arrival rate (req/s)",
            _parts(scenario["arrival_rate_rps"], FACTORS),
        )
    ]
    for k, slo in enumerate(scenario["slo"]):
        fields.append(
            ScenarioField(
                f"slo.{k}.limit_ms",
                f"Limit on {slo_name(slo)} (ms)",
                _parts(slo["limit_ms"], FACTORS),
            )
        )
    pools = list(enumerate(scenario["pools"]))
    fields += [
        ScenarioField(f"pools.{k}.nodes", f"Nodes of pool {pool['name']}", _counts(pool["nodes"]))
        for k, pool in pools
        if not isinstance(pool["nodes"], dict)
    ]
    floor = scenario["objective"].get("quality_at_least")
    if floor is not None:
        fields.append(
            ScenarioField(
                "objective.quality_at_least", "Quality at least (mean score)", _parts(floor, FLOORS)
            )
        )
    elif quality is not None:
        values = ",".join(f"{factor * quality:.4g}" for factor in FLOORS[:-1])
        fields.append(
            ScenarioField(
                "objective",
                "Cheapest GPUs for a quality of at least (mean score)",
                values,
                cheapest=True,
            )
        )
    for k, pool in pools:
        fields.append(
            ScenarioField(
                f"pools.{k}.gpus_per_node",
                f"GPUs per node of pool {pool['name']}",
                _counts(pool["gpus_per_node"]),
            )
        )
    fields += [
        ScenarioField("headroom.slo_pct", "Headroom of every SLO limit (%)", "0,5,10,15,20"),
        ScenarioField("headroom.rate_pct", "Headroom of the arrival rate (%)", "0,5,10,20,30"),
    ]
    fields.append(
        ScenarioField("setups.memory_headroom_pct", "Memory kept free (%)", "0,5,10,15,20,30")
    )
    fields.append(
        ScenarioField(
            "setups.min_gpu_utilization_pct", "Allocated compute at least (%)", "0,25,50,75,90"
        )
    )
    fields += [
        ScenarioField(f"llms.{k}.max_replicas", f"Replicas of {llm['name']} at most", "0,1,2,3,4")
        for k, llm in enumerate(scenario["llms"])
    ]
    return fields


def _parts(value: float, factors: Sequence[float]) -> str:
    return ",".join(str(tidy(float(f"{factor * value:.6g}"))) for factor in factors)


def _counts(count: int) -> str:
    return f"1:{max(2 * count, count + 3)}:1"


def what_if_slider_range(
    value: float, start: float, *, whole: bool, most: float = math.inf
) -> tuple[float, float, float]:
    """Return lowest, highest and step of a slider.

    value: the present one; start: the first one, so that the slider's ends do not move with every
    value: the upper one is twice the first value, and twice as far again once it was reached, but
    not beyond `most`.
    """
    high = max(2 * start, start + 3) if whole else 2.0 * start
    while 0 < high <= value:
        high *= 2
    if whole:
        return 1, int(high), 1
    step = 10.0 ** math.floor(math.log10(max(start, 1e-9) / 20.0))
    if high > most:
        high = step * math.floor(most / step)
    high = max(high, value)
    return min(0.1 * math.ceil(start / step) * step, value), high, step


def what_if_edit(edit: ScenarioEdit, path: str, value: Any) -> ScenarioEdit:
    """Return the same edit of a scenario with one field at another value."""
    content = content_of_edit(edit)
    set_at_schema_path(ScenarioSpec, content, path, value)
    return changed(edit, content)


def what_if_field_value(edit: ScenarioEdit, path: str) -> Any:
    """Return the value of a field; None where the path leads nowhere."""
    value: Any = content_of_edit(edit)
    for part in path.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return value


def what_if_overrides_without(edit: ScenarioEdit, path: str) -> dict[str, Any]:
    """Return the overrides of an edit but for one field: points of one frontier have all of them in
    common.
    """
    return {
        key: value
        for key, value in edit.overrides.items()
        if key != path and not key.startswith(f"{path}.")
    }


def what_if_frontier_axis(field: ScenarioField, values: str) -> Axis:
    """Return the axis of a field; DataError for invalid values, and for more points than
    MOST_POINTS.
    """
    axis = read_sweep_axis(f"{field.path}={values}")
    if len(axis.values) > MOST_POINTS:
        problem, fix = (
            f"these are {len(axis.values):,} points, more than {MOST_POINTS}",
            "take fewer here, or use the command `sweep`",
        )
        raise DataError([Fault("values", field.path, shown_in_fault(values), problem, fix)])
    return (
        Axis(axis.key, tuple(_cheapest(value) for value in axis.values)) if field.cheapest else axis
    )


def _cheapest(quality: Any) -> dict[str, Any]:
    return {"minimize": "cost", "quality_at_least": quality}


def what_if_sweep_command(file: str, overrides: Mapping[str, Any], axis: Axis) -> str:
    """Return the command line that writes the same points to a file."""
    changes = [f"--set {quote(f'{key}={json.dumps(value)}')}" for key, value in overrides.items()]
    varied = quote(f"{axis.key}={','.join(json.dumps(value) for value in axis.values)}")
    return " ".join(
        [f"{PROGRAM} sweep", quote(file), *changes, "--vary", varied, "--csv frontier.csv"]
    )
