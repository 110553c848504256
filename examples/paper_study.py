"""The RouterWise paper's study on our estimates: 2 clusters x 4 rates x 2 TTFT targets, all setups
beside the joint plan.

    python -m examples.paper_study                 16 points at the utilisation floor of the
                                                   scenario files
    python -m examples.paper_study --quick         two of them
    python -m examples.paper_study --floor 0       without a floor: every setup that first fit
                                                   places
    python -m examples.paper_study --counts        how many setups are retained at which floor;
                                                   nothing is routed

`--csv PATH` writes the table, `--jobs N` sets the processes (0 = one per core). Exit codes: 0 done,
2 bad input, 4 stopped by Ctrl-C with some points, 5 without one, 6 study and joint plan contradict
each other at some point.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # as the planner does: numpy's products here are small

import numpy as np
import pandas as pd
from rich.console import Console

from examples.paper_counts import cluster_file, counts_table, print_counts
from models.instance import Instance
from models.quality import Quality
from planner.cli.terminal.frame import EXIT_CODES, framed_command, framed_csv_write, warn
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.decomposition.packing import first_fit_decreasing_packing
from planner.joint.solve import solve_joint
from planner.plans.solved_content import solved_content
from planner.presentation.setup_study import setup_spread
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.settings import Settings
from planner.solution import Solution
from planner.studies.setup_rows import SetupStudy
from planner.studies.setup_study import study_setups
from profiles.io.writing import check_writable

RATES_RPS = (50, 60, 70, 80)
TARGETS_MS = (150, 240)
"""0.3 of the published 500 and 800 ms, which hardly bind on these curves."""
NOISE = 2e-6
"""Shares of the range of scores within which values and bounds count as equal, as in the
cross-check.
"""
CONTRADICTION = 6
WIDE = 112
"""Columns that the table needs; on narrower terminals it stands in two parts."""


@dataclass(frozen=True)
class StudyPoint:
    """A point of the study: GPUs of the cluster, req/s, target of the mean TTFT in ms."""

    gpus: int
    rate_rps: float
    target_ms: float


POINTS = tuple(
    StudyPoint(gpus, rate, target) for gpus in (4, 8) for rate in RATES_RPS for target in TARGETS_MS
)
QUICK = (StudyPoint(4, 60, 150), StudyPoint(8, 80, 150))


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """The results at a point.

    ttft_ms: predicted mean of the joint plan, None without one; reason: why nothing, or what
    contradicts.
    """

    point: StudyPoint
    study: SetupStudy
    joint: Solution
    ttft_ms: float | None
    agrees: str
    reason: str


def run_points(
    points: Sequence[StudyPoint], floor_pct: float | None = None, jobs: int = 1
) -> Iterator[StudyResult]:
    """Study and plan every point; an instance and the quality's cuts are loaded and learnt once a
    cluster.

    floor_pct: replaces the scenario's utilisation floor. Raises DataError for a bad scenario,
    VerificationError for a bug.
    """
    overrides = [] if floor_pct is None else [f"setups.min_gpu_utilization_pct={floor_pct!r}"]
    known: dict[int, tuple[LoadResult, Quality]] = {}
    for point in points:
        if point.gpus not in known:
            loaded = assemble_instance(cluster_file(point.gpus), overrides)
            known[point.gpus] = loaded, Quality(loaded.instance.scores)
        loaded, quality = known[point.gpus]
        slo = replace(loaded.instance.slos[0], limit=point.target_ms / 1000.0)
        instance = replace(loaded.instance, arrival_rate=float(point.rate_rps), slos=(slo,))
        yield _run(point, instance, quality, loaded.settings, jobs)


def _run(
    point: StudyPoint, instance: Instance, quality: Quality, settings: Settings, jobs: int
) -> StudyResult:
    study = study_setups(instance, jobs=jobs)
    joint = solve_joint(instance, settings, quality=quality)
    content = solved_content(instance, joint, settings.rel_gap)
    ttft_ms = float(content["slo"][0]["achieved_ms"]) if joint.has_plan else None
    agrees, reason = agreement(instance, study, joint)
    return StudyResult(
        point=point, study=study, joint=joint, ttft_ms=ttft_ms, agrees=agrees, reason=reason
    )


def agreement(instance: Instance, study: SetupStudy, joint: Solution) -> tuple[str, str]:
    """How study and joint plan go together: yes | none | joint more | NO | open, and a reason where
    there is something to explain.

    joint more: better than every retained setup, on a setup that first fit does not place. NO: one
    of them is wrong.
    """
    span = float(np.ptp(instance.scores.values)) or 1.0
    best = None if np.isnan(study.quality).all() else float(np.nanmax(study.quality))
    if joint.status == "unknown":
        return "open", f"the joint search stopped ({joint.effort.termination}) before it had a plan"
    if joint.value is None or joint.bound is None:
        if best is not None:
            return "NO", "the joint search says that nothing is feasible, and a retained setup is"
        return "none", "; ".join(joint.conflict.limits if joint.conflict else ()) or "infeasible"
    if best is not None and best > joint.bound + NOISE * span:
        return (
            "NO",
            f"the best retained setup has {best:.9g}, above the joint bound {joint.bound:.9g}",
        )
    allowed = study.tolerance + (joint.bound - joint.value) + NOISE * span
    if best is not None and joint.value <= best + allowed:
        return "yes", ""
    if (
        first_fit_decreasing_packing(instance, joint.replicas[None, :])[0]
        and study.count("undecided") == 0
    ):
        return "NO", "the joint setup is a retained one, and the study rates it lower"
    return "joint more", "the joint setup is one that first fit does not place"


def study_table(outcomes: Sequence[StudyResult]) -> pd.DataFrame:
    """Tabulate one row per point; NaN where there is no number."""
    rows = []
    for one in outcomes:
        spread = setup_spread(one.study)
        value, bound = one.joint.value, one.joint.bound
        rows.append(
            {
                "GPUs": one.point.gpus,
                "Rate (req/s)": one.point.rate_rps,
                "TTFT target (ms)": one.point.target_ms,
                "Enumerated (setups)": len(one.study.setups),
                "Retained (setups)": one.study.positions.size,
                "Feasible (setups)": one.study.count("feasible"),
                "Best (mean score)": np.nan if spread is None else spread.best,
                "Median (mean score)": np.nan if spread is None else spread.median,
                "Worst (mean score)": np.nan if spread is None else spread.worst,
                "Spread best / worst - 1 (%)": (
                    np.nan if spread is None or spread.ratio is None else 100.0 * spread.ratio
                ),
                "Joint plan (mean score)": np.nan if value is None else value,
                "Joint bound (mean score)": np.nan if bound is None else bound,
                "Joint gap (%)": (
                    np.nan
                    if value is None or bound is None
                    else 100.0 * abs(bound - value) / max(abs(value), 1e-9)
                ),
                "Joint mean TTFT, predicted (ms)": np.nan if one.ttft_ms is None else one.ttft_ms,
                "Agree": one.agrees,
                "Reason": one.reason,
                "Study (s)": one.study.seconds,
                "Joint (s)": one.joint.effort.wall,
            }
        )
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- telling


def _to(digits: int) -> Callable[[Any], str]:
    return lambda value: "-" if np.isnan(value) else f"{value:,.{digits}f}"


DEMAND: tuple[Column, ...] = (
    ("GPUs", "GPUs", str),
    ("Rate (req/s)", "req/s", _to(0)),
    ("TTFT target (ms)", "target\n(ms)", _to(0)),
)
STUDIED: tuple[Column, ...] = (
    *(
        (f"{word} (setups)", head, _to(0))
        for word, head in (("Enumerated", "enum."), ("Retained", "ret."), ("Feasible", "feas."))
    ),
    *((f"{word} (mean score)", word.lower(), _to(5)) for word in ("Best", "Median", "Worst")),
    ("Spread best / worst - 1 (%)", "spread\n(%)", _to(1)),
)
PLANNED: tuple[Column, ...] = (
    *(("Joint plan (mean score)", "joint", _to(5)), ("Joint gap (%)", "gap\n(%)", _to(4))),
    *(("Joint mean TTFT, predicted (ms)", "TTFT\n(ms)", _to(0)), ("Agree", "agree", str)),
)


def print_study(console: Console, frame: pd.DataFrame) -> None:
    """Print the table, then reasons, then what the scores allow at all."""
    if console.width >= WIDE:
        output_table(
            console, "All retained setups, and the joint plan", frame, [*DEMAND, *STUDIED, *PLANNED]
        )
    else:
        output_table(console, "All retained setups", frame, [*DEMAND, *STUDIED])
        output_table(
            console,
            "The joint plan beside the best of them",
            frame,
            [*DEMAND, STUDIED[3], *PLANNED],
        )
    explained = frame[frame["Reason"] != ""]
    if len(explained):
        lines = [
            f"{gpus} GPUs, {rate:g} req/s, {target:g} ms: {reason}"
            for gpus, rate, target, reason in explained[
                ["GPUs", "Rate (req/s)", "TTFT target (ms)", "Reason"]
            ].itertuples(index=False)
        ]
        output_lines(console, "Reasons", lines)


def score_line(instance: Instance) -> str:
    """Each LLM's mean score and that of the best LLM for every prompt: no setup of whatever
    size spreads further.
    """
    values, weights = instance.scores.values, instance.scores.weights
    alone = values @ weights
    most = float(values.max(axis=0) @ weights)
    listed = ", ".join(
        f"{llm.name} {mean:.5f}" for llm, mean in zip(instance.llms, alone, strict=True)
    )
    widest = 100.0 * (most / alone.min() - 1.0)
    return (
        f"All prompts to one LLM: {listed}; each to its best one: {most:.5f}, {widest:.1f} % above"
        " the least of these."
    )


# ---------------------------------------------------------------- command


@framed_command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; the exit code."""
    options = _arguments(arguments)
    if options.csv is not None:
        check_writable(Path(options.csv), "--csv")
    frame, code = (counts_table(), 0) if options.counts else _study(options)
    console = plain_output_console()
    if options.counts:
        print_counts(console, frame)
    elif len(frame):
        print_study(console, frame)
        output_line(console, score_line(assemble_instance(cluster_file(4)).instance), "dim")
    return max(code, framed_csv_write(frame, options.csv, "rows")) if len(frame) else code


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.paper_study",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="two points instead of 16")
    parser.add_argument(
        "--counts", action="store_true", help="count setups by floor, route nothing"
    )
    parser.add_argument(
        "--floor",
        type=float,
        metavar="PCT",
        help="utilisation floor instead of that of the scenario files",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes of the study; 0 = one per core"
    )
    parser.add_argument("--csv", metavar="PATH", help="write the table as CSV")
    options = parser.parse_args(arguments)
    if options.jobs < 0:
        parser.error("--jobs must be at least 0")
    return options


def _study(options: argparse.Namespace) -> tuple[pd.DataFrame, int]:
    """The table of all points, or of those before Ctrl-C, and the exit code."""
    began, outcomes, stopped = time.perf_counter(), [], False
    points = QUICK if options.quick else POINTS
    try:
        for one in run_points(points, options.floor, options.jobs):
            outcomes.append(one)
            point = one.point
            warn(
                [
                    f"{point.gpus} GPUs, {point.rate_rps:g} req/s, {point.target_ms:g} ms: done,"
                    f" {time.perf_counter() - began:.0f} s"
                ]
            )
    except KeyboardInterrupt:
        stopped = True
        warn([f"stopped: {len(outcomes)} of {len(points)} points are done"])
    code = CONTRADICTION if any(one.agrees == "NO" for one in outcomes) else 0
    return study_table(outcomes), (
        EXIT_CODES["feasible" if outcomes else "unknown"] if stopped else code
    )


if __name__ == "__main__":
    sys.exit(main())
