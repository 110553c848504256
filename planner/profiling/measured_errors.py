"""How far estimates lie from one's own measurements, in words: what may be expected of the
estimates of what nobody measured.

    e   estimate / measurement - 1 of a mean TTFT or TPOT; the estimate is of the same option, by
        its data sheets, under the load of the measurement (planner.profiling.calibrate)

Of every pair of LLM and GPU type the median of e over its points is stated. One that is far off
says as often that a file is taken for another GPU or degree as that the estimate is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from models.serving.batching import SCHEDULERS
from models.serving.calibration import (
    CalibrationPoint,
    calibration_harnesses,
    predict_for_calibration,
    teaches_calibration,
)
from models.serving.step_time import FACTORS, StepSettings, step_fits_shards
from planner.profiling.calibrate import measured_points_to_calibrate
from planner.profiling.simulated_load import OfferedLoad
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.io.writing import write_csv
from profiles.mig_columns import MIG

__all__ = ["NOTHING_HELD", "MeasuredErrors", "hold_estimates_against_measured"]

EQUAL = 0.05
"""Medians nearer than this are called the same: points of one curve scatter as much."""
FAR = 0.4
"""Medians further than this are warned of: about the 90th percentile of errors of estimates whose
LLM and GPU were not in doubt (docs/accuracy.md).
"""
MOST = 10.0
"""Larger ones are not told apart: the estimate's queue grows without end there."""
LENGTHS = ["input_tokens", "output_tokens"]
WHAT_TO_DO = (
    "That is far: check which GPU type and TP these files were measured on. If both are right,"
    " expect estimates of other LLMs and GPU types to be as far off: measure them, or plan with"
    " headroom"
)
MEANS = ["ttft_mean_ms", "tpot_mean_ms"]


@dataclass(frozen=True, kw_only=True)
class MeasuredErrors:
    """lines: one for each pair of LLM and GPU type that estimates can be held against, and what to
    do where one is far off. gpus: their types. short_pct: the most by which a median is too short,
    in per cent of the measurement.
    """

    lines: Sequence[str] = ()
    gpus: Sequence[str] = ()
    short_pct: float = 0.0


NOTHING_HELD = MeasuredErrors()
"""Without a point that estimates can be held against."""


def hold_estimates_against_measured(measured: pd.DataFrame) -> MeasuredErrors:
    """How far estimates lie from a profile table.

    measured: rows that lack lengths, a rate above 0 or both means, and those of LLMs, GPUs or
    degrees that are not estimated, are passed over.
    """
    lines, gpus, medians = [], [], [0.0]
    usable = measured[_estimable_rows(measured)]
    for (llm, gpu), rows in usable.groupby(["llm", "gpu"], sort=False):
        errors = _errors_of_estimates(rows)
        of_pair = {
            name: float(np.nanmedian(column))
            for name, column in zip(("TTFT", "TPOT"), errors.T, strict=True)
            if np.isfinite(column).any()
        }
        if of_pair:
            points = f"{len(errors)} measured point{'s' * (len(errors) > 1)}"
            words = ", ".join(f"{name} {_error_in_words(e)}" for name, e in of_pair.items())
            lines.append(f"{llm} on {gpu}, {points}: {words} (median)")
            gpus.append(str(gpu))
            medians += of_pair.values()
    return MeasuredErrors(
        lines=[*lines, WHAT_TO_DO] if max(map(abs, medians)) > FAR else lines,
        gpus=list(dict.fromkeys(gpus)),
        short_pct=-100.0 * min(medians),
    )


def _estimable_rows(measured: pd.DataFrame) -> pd.Series:
    """Which rows state what an estimate under their load needs."""
    llms, gpus = load_catalogue_llms(), load_catalogue_gpus()
    known = measured["llm"].isin(llms) & measured["gpu"].isin(gpus)
    if not set(LENGTHS) <= set(measured):
        return known & False
    known &= (measured[LENGTHS] >= 1).all(axis=1) & (measured["rate_rps"] > 0)
    if MIG in measured:
        known &= measured[MIG].isna()
    degrees = zip(measured["llm"], measured["tp_degree"], strict=True)
    fits = [llm in llms and step_fits_shards(llms[llm], int(degree)) for llm, degree in degrees]
    means = measured.reindex(columns=MEANS).notna().any(axis=1)
    return known & means & pd.Series(fits, index=measured.index, dtype=bool)


def _errors_of_estimates(rows: pd.DataFrame) -> np.ndarray:
    """(n, 2) errors of mean TTFT and TPOT at the points of one LLM that say something of its step
    time; NaN where not measured.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "measured.csv"
        write_csv(rows, path)
        [points] = measured_points_to_calibrate(path, OfferedLoad(), StepSettings()).values()
    errors = [_error_of_estimate(point) for point in points if teaches_calibration(point)]
    return np.array(errors).reshape(-1, 2)


def _error_of_estimate(point: CalibrationPoint) -> tuple[float, float]:
    likeliest, *_ = calibration_harnesses(SCHEDULERS)
    ttft, tpot = predict_for_calibration(point, np.ones(len(FACTORS)), likeliest)
    return ttft / point.ttft - 1, tpot / point.tpot - 1


def _error_in_words(error: float) -> str:
    """Of an estimate, e.g. `12 % too short`."""
    if abs(error) < EQUAL:
        return f"within {100 * EQUAL:g} %"
    if error > MOST:
        return f"more than {MOST:.0%} too long".replace("%", " %")
    return f"{abs(error):.0%}".replace("%", " %") + (" too long" if error > 0 else " too short")
