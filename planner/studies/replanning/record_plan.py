"""One kept plan made again, in whatever process: all that it needs comes with the call, so that the
workers of a cluster need neither the library nor its files.
"""

import json
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from planner.errors import DataError, VerificationError
from planner.library.input_files import KeptInput, write_input_files
from planner.plans.plan_content import build_plan_content
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.sizing.rate_sizing import solve_sized_rate
from planner.studies.cell_sweep_point import plan_cell_point
from planner.studies.quality_cache import cached_quality_of
from planner.studies.sweep_point import PointStatus

__all__ = ["RecordPlan", "plan_record_again", "record_override_texts"]


@dataclass(frozen=True, kw_only=True)
class RecordPlan:
    """What became of one record.

    number: of the record. content: of plan.json, None where the input has faults or the plan fails
    its check; reason: why there is no plan, "" where there is one.
    """

    number: int
    status: PointStatus
    content: Mapping[str, Any] | None = field(repr=False)
    reason: str
    seconds: float


def plan_record_again(
    number: int,
    kept: KeptInput,
    changes: Sequence[str],
    cancel: threading.Event | None = None,
) -> RecordPlan:
    """Plan the scenario of a record, with the quality cuts that this process has kept.

    kept: its files and overrides. changes: `KEY=VALUE` texts over these.
    """
    began, content, reason = time.perf_counter(), None, ""
    try:
        with tempfile.TemporaryDirectory(prefix="joint-llm-planner-") as folder:
            path = write_input_files(kept, Path(folder))
            texts = [*record_override_texts(kept.overrides), *changes]
            loaded = assemble_instance(path, texts, cells=True, sizing=True)
        status, content, reason = _plan_of_record(loaded, cancel)
    except DataError as error:
        status, reason = PointStatus.BAD_INPUT, str(error).replace(f"{folder}/", "")
    except VerificationError as error:
        status, reason = PointStatus.BUG, str(error)
    return RecordPlan(
        number=number,
        status=status,
        content=content,
        reason=reason,
        seconds=time.perf_counter() - began,
    )


def record_override_texts(overrides: Mapping[str, Any]) -> list[str]:
    """The overrides of a record as `KEY=VALUE` texts: JSON is YAML."""
    return [f"{key}={json.dumps(value)}" for key, value in overrides.items()]


def _plan_of_record(
    loaded: LoadResult, cancel: threading.Event | None
) -> tuple[PointStatus, Mapping[str, Any], str]:
    """Status, content of plan.json and the reason where there is no plan."""
    if loaded.demand is not None:
        found, of_cells, reason = plan_cell_point(loaded, loaded.demand, cancel)
        return PointStatus(found), of_cells, reason
    quality = cached_quality_of(loaded.instance.scores)
    instance, solution = solve_sized_rate(
        loaded.instance, loaded.settings, quality=quality, explain=False, cancel=cancel
    )
    decided = replace(loaded, instance=instance)
    content = build_plan_content(decided, solution, loaded.settings, {}).content
    status = PointStatus(solution.status)
    reasons = {
        PointStatus.INFEASIBLE: "no plan keeps all limits",
        PointStatus.UNKNOWN: f"stopped by {solution.effort.termination} before a plan was found",
    }
    return status, content, reasons.get(status, "")
