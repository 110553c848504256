"""The joint plan beside what simpler ways of deciding come to: definitions in docs/baselines.md,
tables for console and files here.

    equal split, size-proportional, isolated, best single LLM     planner.studies.baselines.splits
    two-stage
    planner.studies.baselines.two_stage
    cascade                                                        planner.studies.baselines.cascade

Every baseline gets its best variant, its best setup and its best routing by the same search as the
joint plan, on the same curves, scores and GPUs, and is checked by the same verifier. The gain of
the joint plan, in the objective's unit and in per cent of the baseline's value,

    gain = joint value - baseline's value   (quality)         saving = baseline's cost - joint cost
                                            (cost)

is given for baselines that keep the SLOs. Within the gap of the search the two tie, and the
table says so.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from models.instance import Instance
from models.quality import Quality
from planner.errors import VerificationError
from planner.joint import solve as joint
from planner.plans.labels import slo_name
from planner.plans.plan_content import build_plan
from planner.plans.record import Plan
from planner.scenario.assemble import LoadResult
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.studies.baselines.cascade import cascade_baseline
from planner.studies.baselines.splits import isolated_baseline, single_llm_baseline, split_baseline
from planner.studies.baselines.trial import BaselineResult, BaselineSolver, violation_factor
from planner.studies.baselines.two_stage import two_stage_baseline
from profiles.catalogue import load_llms

__all__ = ["NAMES", "BaselineComparison", "baselines_table", "compare_baselines", "setup_words"]

NAMES = ("equal split", "size-proportional", "isolated", "two-stage", "best single LLM", "cascade")
LEGAL = ("equal split", "size-proportional", "isolated", "two-stage")
"""Their plans are plans of the scenario, so none can be better than the joint bound."""

JOINT = "joint plan"
BEYOND = 1e-6
"""Part of the range of scores (or of the cost) by which rounding may put a plan beyond the bound.
"""


@dataclass(frozen=True)
class BaselineComparison:
    """plan: the joint plan.

    attempts: one a baseline in the order of NAMES, none where the joint plan has no setup.

    rel_gap: of the search. score_range: largest less smallest score. interrupted: whether
    Ctrl-C cut it short.
    """

    plan: Plan
    attempts: tuple[BaselineResult, ...]
    rel_gap: float
    score_range: float
    interrupted: bool = False

    @property
    def of_cost(self) -> bool:
        """Whether costs are compared, at the required quality."""
        return bool(self.plan.content["objective"]["of"] == "cost")

    def gain(self, attempt: BaselineResult) -> float | None:
        """What the joint plan gains (score units, or USD/h saved); None where the baseline has no
        plan or misses the SLOs.
        """
        mine = self.plan.content["objective"]["value"]
        if not attempt.met or attempt.value is None or mine is None:
            return None
        return float(attempt.value - mine if self.of_cost else mine - attempt.value)

    def tolerance(self, value: float) -> float:
        """Differences up to this are none, as far as the gap of the search shows."""
        return max(
            self.rel_gap * abs(value), 0.0 if self.of_cost else CLOSE_ENOUGH * self.score_range
        )

    def ties(self, attempt: BaselineResult) -> bool:
        """Whether the baseline is as good as the joint plan, as far as the gap shows."""
        gain = self.gain(attempt)
        return gain is not None and abs(gain) <= self.tolerance(float(attempt.value or 0.0))


def compare_baselines(
    loaded: LoadResult,
    settings: Settings,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> BaselineComparison:
    """Plan jointly, then try every baseline.

    VerificationError when a plan fails its check or a baseline beats the bound.
    """
    instance = loaded.instance
    quality = Quality(instance.scores)
    solution = joint.solve(instance, settings, progress=progress, cancel=cancel, quality=quality)
    plan = build_plan(loaded, solution, settings, {})
    comparison = BaselineComparison(
        plan, (), settings.rel_gap, float(np.ptp(instance.scores.values))
    )
    trial = BaselineSolver(
        settings=settings,
        quality=quality,
        cancel=cancel,
        progress=progress,
        so_far=(solution.value, solution.bound),
    )
    if not solution.has_plan:
        return replace(comparison, interrupted=trial.interrupted())
    attempts = [_tried(trial, name, make) for name, make in _makers(trial, loaded).items()]
    for attempt in attempts:
        _check_bound(comparison, attempt)
    return replace(comparison, attempts=tuple(attempts), interrupted=trial.interrupted())


def _makers(
    trial: BaselineSolver, loaded: LoadResult
) -> Mapping[str, Callable[[], BaselineResult]]:
    """How each baseline is made, in the order of NAMES."""
    instance = loaded.instance
    sizes, basis = llm_sizes(loaded)
    makers: dict[str, Callable[[], BaselineResult]] = {
        "equal split": lambda: split_baseline(
            trial, instance, "equal split", np.ones(sizes.size), sizes
        ),
        "size-proportional": lambda: _based_on(
            basis, split_baseline(trial, instance, "size-proportional", sizes, sizes)
        ),
        "isolated": lambda: isolated_baseline(trial, instance),
        "two-stage": lambda: two_stage_baseline(trial, instance),
        "best single LLM": lambda: single_llm_baseline(trial, instance),
        "cascade": lambda: cascade_baseline(trial, instance, sizes),
    }
    return {name: makers[name] for name in NAMES}


def _tried(trial: BaselineSolver, name: str, make: Callable[[], BaselineResult]) -> BaselineResult:
    """One baseline; after Ctrl-C those left are marked as not tried."""
    if trial.interrupted():
        return BaselineResult(name=name, variant="", reason="not tried: stopped before")
    trial.begin(name)
    return make()


def _based_on(basis: str, attempt: BaselineResult) -> BaselineResult:
    return replace(attempt, notes=[*attempt.notes, f"size: {basis}"])


def llm_sizes(loaded: LoadResult) -> tuple[np.ndarray, str]:
    """(M,) sizes of the LLMs in GiB of weights, and where they come from: all of one kind, so that
    they compare.
    """
    known = [
        llm.weights_gib or getattr(load_llms().get(llm.name), "weights_gib_16bit", None)
        for llm in loaded.scenario.spec.llms
    ]
    if all(known):
        return (
            np.array(known, dtype=float),
            "weights_gib of the scenario, else 16-bit weights of the catalogue",
        )
    sizes = np.full(len(known), np.inf)
    for option in loaded.instance.options:
        sizes[option.llm] = min(sizes[option.llm], option.tp_degree * option.memory)
    return (
        np.where(np.isfinite(sizes), sizes, sizes[np.isfinite(sizes)].max()),
        "least memory of a replica, as not all weights are known",
    )


def _check_bound(comparison: BaselineComparison, attempt: BaselineResult) -> None:
    """A plan of the scenario better than what the joint search proved to be the best possible is a
    bug.
    """
    bound = comparison.plan.content["objective"]["bound"]
    if attempt.name not in LEGAL or not attempt.met or attempt.value is None or bound is None:
        return
    beyond = bound - attempt.value if comparison.of_cost else attempt.value - bound
    if beyond > BEYOND * (abs(bound) if comparison.of_cost else comparison.score_range):
        raise VerificationError(
            [
                f"{attempt.name}: its value {attempt.value:.9g} is better than the joint bound"
                f" {bound:.9g}"
            ]
        )


def setup_words(content: Mapping[str, Any]) -> str:
    """The setup in words, e.g. `mistral-7b 1 x tp2 30 %; yi-34b 1 x tp2 100 %`; pools are named
    where there are several.
    """
    several = len({option["pool"] for option in content["options"]}) > 1
    return "; ".join(
        f"{o['llm']} {o['replicas']} x tp{o['tp_degree']} {o['mps_share_pct']:g} %"
        + (f" on {o['pool']}" if several else "")
        for o in content["options"]
    )


def baselines_table(comparison: BaselineComparison, instance: Instance) -> pd.DataFrame:
    """The table `baselines`: the joint plan first, then one row a baseline; missing numbers stay
    empty.
    """
    content = comparison.plan.content
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
            factor=violation_factor(content, instance.slos),
        )
        rows.append(_row(comparison, instance, mine))
    rows += [_row(comparison, instance, attempt) for attempt in comparison.attempts]
    return pd.DataFrame(rows, columns=_headers(comparison), dtype=object).infer_objects()


def _headers(comparison: BaselineComparison) -> list[str]:
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


def _row(comparison: BaselineComparison, instance: Instance, attempt: BaselineResult) -> list[Any]:
    """One row; see `_headers`."""
    content = attempt.content
    note = "; ".join(row_notes(comparison, attempt))
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
            *_worst(instance, content, attempt),
        ),
        *(missed, attempt.quality, attempt.bound, gain, percent, setup_words(content), note),
    ]


def _worst(
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


def row_notes(comparison: BaselineComparison, attempt: BaselineResult) -> Sequence[str]:
    """What is to be said of a row: why it has no plan, ties, an own gap that is open, and the
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
