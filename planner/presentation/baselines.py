"""The joint plan and its baselines in one table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from models.demand.headroom import with_headroom
from models.instance import Instance
from planner.plans.labels import slo_name
from planner.plans.option_index import option_slice_words
from planner.studies.baselines.comparison import JOINT, BaselineComparison
from planner.studies.baselines.solver import BaselineResult, baseline_violation_factor

__all__ = ["baseline_row_notes", "baseline_setup_words", "baselines_table"]


def baseline_setup_words(content: Mapping[str, Any]) -> str:
    """The setup in words, e.g. `mistral-7b 1 x tp2 30 %; yi-34b 1 x tp2 100 %`; pools are named
    where there are several.
    """
    several = len({option["pool"] for option in content["options"]}) > 1
    return "; ".join(
        f"{o['llm']} {o['replicas']} x tp{o['tp_degree']} {option_slice_words(o)}"
        + (f" on {o['pool']}" if several else "")
        for o in content["options"]
    )


def baselines_table(comparison: BaselineComparison, instance: Instance) -> pd.DataFrame:
    """The table `baselines`: the joint plan first, then one row per baseline; missing numbers stay
    empty.
    """
    content, instance = comparison.plan.content, with_headroom(instance)
    objective = content["objective"]
    rows = []
    if content["options"]:
        mine = BaselineResult(
            name=JOINT,
            variant="setup and routing together",
            content=content,
            value=objective["value"],
            bound=objective["bound"],
            quality=content["quality"],
            factor=baseline_violation_factor(content, instance.slos),
        )
        rows.append(_baseline_row(comparison, instance, mine))
    rows += [_baseline_row(comparison, instance, attempt) for attempt in comparison.attempts]
    return pd.DataFrame(rows, columns=_baseline_headers(comparison), dtype=object).infer_objects()


def _baseline_headers(comparison: BaselineComparison) -> list[str]:
    unit = "USD/h" if comparison.of_cost else "mean score"
    gain = "Saving" if comparison.of_cost else "Gain"
    return [
        *(
            "Baseline",
            "Variant",
            "GPUs used",
            "Cost (USD/h)",
            "SLO met",
            "SLO",
            "SLO limit (ms)",
            "SLO achieved (ms)",
            "SLO missed by (%)",
        ),
        *(
            "Quality (mean score)",
            f"Best possible ({unit})",
            f"{gain} of the joint plan ({unit})",
            f"{gain} of the joint plan (%)",
        ),
        *("Setup", "Note"),
    ]


def _baseline_row(
    comparison: BaselineComparison, instance: Instance, attempt: BaselineResult
) -> list[Any]:
    """One row; see `_baseline_headers`."""
    content = attempt.content
    note = "; ".join(baseline_row_notes(comparison, attempt))
    if content is None:
        return [attempt.name, attempt.variant, *[None] * 12, note]
    gain = None if attempt.name == JOINT else comparison.gain(attempt)
    gain = 0.0 if gain is not None and gain < 0 and comparison.ties(attempt) else gain
    percent = None if gain is None or not attempt.value else 100.0 * gain / abs(attempt.value)
    missed = None if attempt.met else 100.0 * ((attempt.factor or attempt.allowed) - 1.0)
    return [
        *(
            attempt.name,
            attempt.variant,
            content["gpus_used"],
            content["cost_usd_per_h"],
            attempt.met,
            *_worst_baseline_slo(instance, content, attempt),
        ),
        *(
            missed,
            attempt.quality,
            attempt.bound,
            gain,
            percent,
            baseline_setup_words(content),
            note,
        ),
    ]


def _worst_baseline_slo(
    instance: Instance, content: Mapping[str, Any], attempt: BaselineResult
) -> tuple[str | None, float | None, float | None]:
    """The SLO that is nearest to its limit (or misses it most): name, limit and achieved latency in
    ms, as the scenario counts them.
    """
    if not instance.slos or attempt.factor is None:
        return None, None, None
    parts = [
        np.inf if s["achieved_ms"] is None else s["achieved_ms"] / s["limit_ms"]
        for s in content["slo"]
    ]
    worst = int(np.argmax(parts))
    limit = 1e3 * instance.slos[worst].limit
    achieved = limit * attempt.factor if np.isfinite(attempt.factor) else None
    return slo_name(content["slo"][worst]), limit, achieved


def baseline_row_notes(comparison: BaselineComparison, attempt: BaselineResult) -> Sequence[str]:
    """Remarks on a row: why it has no plan, ties, an own gap that is open, and the
    baseline's own notes.
    """
    notes = [attempt.reason] if attempt.reason else []
    gain = None if attempt.name == JOINT else comparison.gain(attempt)
    if gain is not None and comparison.ties(attempt):
        notes.append("ties the joint plan")
    elif gain is not None and gain < 0:
        notes.append("better than the joint plan as far as that was searched")
    if (
        attempt.value is not None
        and attempt.bound is not None
        and abs(attempt.bound - attempt.value) > comparison.tolerance(attempt.value)
    ):
        least = "least cost may be" if comparison.of_cost else "best may be"
        notes.append(f"its own gap is open: its {least} {attempt.bound:.5f}")
    return [*notes, *attempt.notes]
