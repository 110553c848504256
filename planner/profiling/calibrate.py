"""Calibration of the step time on a measured profile table: one fit per LLM, and its error on
points left out.

The fit uses a row's mean TTFT and mean TPOT. Its harness is simulated: a closed loop of
`concurrency` users where the row states one, else an open loop at `rate_rps`; `input_tokens` and
`output_tokens` are taken as fixed lengths. The error is that of points left out: the rows of an LLM
are dealt in turn into five parts, each part is predicted by a fit on the others
(`models.serving.calibration`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.serving.batching import SCHEDULERS, Limits
from models.serving.calibration import (
    CalibrationPoint,
    Fit,
    Harness,
    calibration_harnesses,
    fit_calibration,
    predict_for_calibration,
    teaches_calibration,
)
from models.serving.step_time import (
    StepSettings,
    step_fits_shards,
    step_kv_token_gib,
    step_room_gib,
    step_time,
)
from models.serving.workload import fixed
from planner.profiling.simulated_load import OfferedLoad
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.curves import ProfileTable, load_curves
from profiles.io.faults import Fault, ProfileError, fault_spelling_guess
from profiles.mig_columns import MIG

__all__ = [
    "Calibration",
    "calibrate_left_out_errors",
    "calibrate_options",
    "measured_points_to_calibrate",
]

PARTS = 5
FEWEST = 3
"""Points an LLM must have to be calibrated."""


@dataclass(frozen=True)
class Calibration:
    """One LLM.

    errors: (n, 3) relative errors of TTFT, TPOT, E2E at points left out, NaN where not measured;
    points: rows read.
    """

    llm: str
    fit: Fit
    points: int
    errors: np.ndarray


def calibrate_options(
    path: Path,
    offered: OfferedLoad,
    settings: StepSettings,
    schedulers: Sequence[str] = SCHEDULERS,
    *,
    closed: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[list[Calibration], list[str]]:
    """Fit every LLM of a measured table; and sentences for the reader.

    Raises ProfileError with every fault.

    schedulers: those to pick from; closed: whether a row with `concurrency` is a closed loop.
    StoppedError when `stop` says so.
    """
    calibrations, notices = [], []
    for llm, points in measured_points_to_calibrate(path, offered, settings, closed=closed).items():
        usable = sum(map(teaches_calibration, points))
        if usable < FEWEST:
            notices.append(
                f"{llm}: {usable} of {len(points)} points are usable, fewer than {FEWEST}: its"
                " curves stay estimates"
            )
            continue
        if usable < len(points):
            notices.append(
                f"{llm}: {len(points) - usable} of {len(points)} points are not usable (short of"
                " cache, or faster than the GPU allows)"
            )
        choices = calibration_harnesses(schedulers)
        whole = fit_calibration(points, choices, stop)
        calibrations.append(
            Calibration(
                llm,
                whole,
                len(points),
                calibrate_left_out_errors(
                    [p for p in points if teaches_calibration(p)], choices, stop
                ),
            )
        )
    return calibrations, notices


def calibrate_left_out_errors(
    points: Sequence[CalibrationPoint],
    choices: Sequence[Harness],
    stop: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """(n, 3) relative errors of TTFT, TPOT, E2E, every point predicted by a fit (and a choice of
    harness) without its part.
    """
    errors = np.full((len(points), 3), np.nan)
    parts = min(PARTS, len(points))
    for part in range(parts):
        fitted = fit_calibration(
            [point for k, point in enumerate(points) if k % parts != part], choices, stop
        )
        for k in range(part, len(points), parts):
            errors[k] = calibrated_relative_errors(points[k], fitted)
    return errors


def calibrated_relative_errors(point: CalibrationPoint, fitted: Fit) -> np.ndarray:
    """(3,) relative errors of TTFT, TPOT, E2E of one point."""
    ttft, tpot = predict_for_calibration(point, fitted.factors, fitted.harness)
    gaps = point.lengths.output_tokens - 1
    measured = point.ttft + point.tpot * gaps
    return np.array(
        [ttft / point.ttft - 1, tpot / point.tpot - 1, (ttft + tpot * gaps) / measured - 1]
    )


def measured_points_to_calibrate(
    path: Path, offered: OfferedLoad, settings: StepSettings, *, closed: bool = True
) -> Mapping[str, list[CalibrationPoint]]:
    """Rows of a measured table as points, by LLM. Raises ProfileError with every fault."""
    table = load_curves(path)
    faults = _calibrate_faults(table)
    if faults:
        raise ProfileError(faults)
    content = table.content
    points: dict[str, list[CalibrationPoint]] = {}
    blank = np.full(len(content["llm"]), np.nan)
    ttft, tpot = content.get("ttft_mean_ms", blank), content.get("tpot_mean_ms", blank)
    users = content.get("concurrency", blank) if closed else blank
    neighbours = content.get("neighbours", np.full(len(blank), ""))
    for k, name in enumerate(content["llm"]):
        llm, gpu, tp_degree = (
            load_catalogue_llms()[str(name)],
            load_catalogue_gpus()[str(content["gpu"][k])],
            int(content["tp_degree"][k]),
        )
        share = float(content["mps_share_pct"][k]) / 100
        free = step_room_gib(llm, gpu, tp_degree, settings)
        cache = free if share == 1 else min(free, 0.5 * share * gpu.memory_gib)
        own = replace(settings, idle_neighbours=neighbours[k] == "idle")
        point = CalibrationPoint(
            step=step_time(llm, gpu, tp_degree, share, own),
            limits=Limits(
                max(cache / step_kv_token_gib(llm, tp_degree, settings), 2),
                offered.sequences,
                offered.step_tokens,
            ),
            lengths=fixed(
                round(float(content["input_tokens"][k])), round(float(content["output_tokens"][k]))
            ),
            users=0 if np.isnan(users[k]) else max(round(float(users[k])), 1),
            rate=float(content["rate_rps"][k]),
            ttft=float(ttft[k]) / 1000,
            tpot=float(tpot[k]) / 1000,
            cv=offered.cv,
            compute_efficiency=settings.compute_efficiency,
            cached_share=offered.cached_tokens / offered.lengths.input_tokens,
        )
        points.setdefault(llm.llm, []).append(_fitting_to_calibrate(point))
    return points


def _fitting_to_calibrate(point: CalibrationPoint) -> CalibrationPoint:
    """A point whose cache our arithmetic finds too small for one request gets a cache for that one,
    and is not used in the fit.
    """
    whole = point.lengths.input_tokens + point.lengths.output_tokens
    return (
        point
        if point.limits.kv_tokens >= whole
        else replace(point, limits=replace(point.limits, kv_tokens=whole))
    )


def _calibrate_mig_faults(table: ProfileTable) -> list[Fault]:
    """One where rows are of MIG instances."""
    divided = sorted({option.mig_profile for option in table.options if option.mig_profile})
    problem, fix = "the step time of a MIG instance is not known", "leave these rows out"
    column = f"column {MIG}"
    return [Fault(table.file, column, ", ".join(divided), problem, fix)] if divided else []


def _calibrate_faults(table: ProfileTable) -> list[Fault]:
    """What keeps a sound profile table from being calibrated on."""
    faults, content = _calibrate_mig_faults(table), table.content
    llms, gpus = load_catalogue_llms(), load_catalogue_gpus()

    def refuse(where: str, value: str, problem: str, fix: str) -> None:
        faults.append(Fault(table.file, where, value, problem, fix))

    for column, known, words in (("llm", llms, "LLM"), ("gpu", gpus, "GPU")):
        for name in sorted(set(map(str, content[column])) - set(known)):
            fix = fault_spelling_guess(name, known) + "add it"
            refuse(f"column {column}", name, f"this {words} is not in the catalogue", fix)
    for column in ("input_tokens", "output_tokens"):
        if column not in content or np.any(~(content[column] >= 1)):
            problem = "calibrating needs the tokens of every row"
            refuse(f"column {column}", "", problem, "fill in the column")
    if not {"ttft_mean_ms", "tpot_mean_ms"} & set(content):
        problem = "there is neither ttft_mean_ms nor tpot_mean_ms"
        refuse("row 1", "", problem, "add one of them")
    if "concurrency" not in content and np.any(content["rate_rps"] <= 0):
        problem = "an open loop needs a rate above 0"
        refuse("column rate_rps", "", problem, "state the rate, or the concurrency")
    for option in table.options:
        llm = llms.get(option.llm)
        if llm is not None and not step_fits_shards(llm, option.tp_degree):
            problem = f"the heads of {option.llm} cannot be split over so many GPUs"
            where = f"row {option.rows[0]}, column tp_degree"
            refuse(where, str(option.tp_degree), problem, "check the degree")
    return faults
