"""The study of all setups: named tables with units in their headers, and sentences.

setups      one row per retained setup, the best first: options, fractions, dual prices, quality,
            latency, utilisation
spread      best, median, worst of the feasible ones, and their distance
histogram   how many feasible setups reach which quality
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.instance import Instance
from planner.presentation.formatting import format_config, format_number
from planner.studies.setup_rows import STATUSES, SetupStudy

__all__ = [
    "Spread",
    "setup_histogram_table",
    "setup_spread",
    "setup_spread_line",
    "setup_spread_table",
    "setup_study_counts_line",
    "setup_study_table",
]


BINS = 12


@dataclass(frozen=True)
class Spread:
    """Quality of the feasible setups.

    ratio: best / worst - 1, None where a quality is not above 0.
    """

    best: float
    median: float
    worst: float
    ratio: float | None


def setup_spread(study: SetupStudy) -> Spread | None:
    """Best, median, worst; None when nothing is feasible or setups were pruned unseen."""
    quality = np.sort(study.quality[~np.isnan(study.quality)])
    if not quality.size or study.count("pruned"):
        return None
    best, median, worst = float(quality[-1]), float(np.median(quality)), float(quality[0])
    return Spread(best, median, worst, best / worst - 1.0 if worst > 0 else None)


def setup_study_table(study: SetupStudy, instance: Instance) -> pd.DataFrame:
    """Tabulate every retained setup, feasible ones by quality, then the others."""
    order = np.lexsort((study.positions, -np.nan_to_num(study.quality, nan=-np.inf), study.status))
    setups, names = study.setups, [llm.name for llm in instance.llms]
    at = study.positions[order]
    status = np.array(STATUSES)[study.status[order]]
    columns: dict[str, Any] = {
        "Setup": at,
        "Status": status,
        "Placed by": np.where(study.only_exact[order], "exact packing", "first-fit decreasing"),
        "Quality (mean score)": study.quality[order],
        "Best possible (mean score)": study.bound[order],
        "Utilisation (% of all compute)": 100.0 * setups.compute[at].sum(axis=1) / instance.gpus,
    }
    for s, slo in enumerate(slo for slo in instance.slos if slo.scope == "all"):
        metric, spends = f"{slo.statistic} {slo.metric.upper()}", study.spends[order, s]
        if slo.statistic == "mean":
            columns[f"{metric} (ms)"] = 1000.0 * slo.limit * spends
        else:
            columns[
                f"Requests above {format_number(1000.0 * slo.limit)} ms {slo.metric.upper()} (%)"
            ] = (100.0 - int(slo.statistic[1:])) * spends
        columns[f"Price of {metric} (score per ms)"] = study.beta[order, s] / (1000.0 * slo.limit)
    for i, name in enumerate(names):
        words = np.array(
            [format_config(instance, config) for config in setups.configs[i]], dtype=object
        )
        columns[f"{name}: option"] = words[setups.choice[at, i]]
        columns[f"{name}: fraction (%)"] = 100.0 * study.fractions[order, i]
        columns[f"{name}: dual price (score)"] = _shifted_setup_quality(study.alpha[order])[:, i]
    return pd.DataFrame(columns)


def _shifted_setup_quality(alpha: np.ndarray) -> np.ndarray:
    """Dual prices with the smallest of every row at 0."""
    least = np.full(len(alpha), np.nan)
    some = ~np.isnan(alpha).all(axis=1)
    least[some] = np.nanmin(alpha[some], axis=1)
    return alpha - least[:, None]


def setup_spread_table(study: SetupStudy) -> pd.DataFrame:
    """Tabulate what the sentences say: counts, best, median, worst, spread."""
    spread = setup_spread(study)
    rows: list[tuple[str, float | int | None, str]] = [
        ("Enumerated within the compute", len(study.setups), "setups"),
        ("Retained", study.positions.size, "setups"),
        ("Retained by exact packing only", int(study.only_exact.sum()), "setups"),
        *((f"{status.capitalize()}", study.count(status), "setups") for status in STATUSES),
    ]
    if spread is not None:
        rows += [
            ("Best quality", spread.best, "mean score"),
            ("Median quality", spread.median, "mean score"),
        ]
        rows += [("Worst quality", spread.worst, "mean score")]
        rows += [
            ("Spread best / worst - 1", None if spread.ratio is None else 100.0 * spread.ratio, "%")
        ]
    return pd.DataFrame(rows, columns=["What", "Value", "Unit"], dtype=object)


def setup_histogram_table(study: SetupStudy) -> pd.DataFrame:
    """Tabulate how many feasible setups reach which quality, the best first; without rows when
    fewer than two differ.
    """
    quality = study.quality[~np.isnan(study.quality)]
    headers = ["From (mean score)", "To (mean score)", "Setups"]
    if not quality.size or np.ptp(quality) <= 0:
        return pd.DataFrame(columns=headers)
    counts, edges = np.histogram(quality, bins=BINS)
    rows = list(zip(edges[:-1], edges[1:], counts, strict=True))[::-1]
    return pd.DataFrame(rows, columns=headers)


def setup_study_counts_line(study: SetupStudy, *, exact_packing: bool) -> str:
    """Count the setups in one sentence."""
    by = "exact packing" if exact_packing else "first-fit decreasing, as published"
    parts = [
        f"{study.count(status):,} {status}"
        for status in STATUSES
        if study.count(status) or status in ("feasible", "infeasible")
    ]
    only = (
        f" ({int(study.only_exact.sum()):,} of them by exact packing only)" if exact_packing else ""
    )
    return (
        f"{len(study.setups):,} setups enumerated within the compute; {study.positions.size:,}"
        f" retained by {by}{only}: {', '.join(parts)}; {study.seconds:.1f} s"
    )


def setup_spread_line(study: SetupStudy) -> str:
    """Say best, median, worst and spread, or why not."""
    spread = setup_spread(study)
    quality = study.quality[~np.isnan(study.quality)]
    if spread is None and not quality.size:
        return "no retained setup has a routing within the SLOs"
    if spread is None:
        return (
            f"best {quality.max():.5f}; median, worst and spread are unknown, since setups were"
            " pruned"
        )
    distance = (
        "undefined, since not all qualities are above 0"
        if spread.ratio is None
        else f"{format_number(100.0 * spread.ratio, 3)} %"
    )
    return (
        f"quality best {spread.best:.5f}, median {spread.median:.5f}, worst {spread.worst:.5f};"
        f" spread best / worst - 1: {distance}"
    )


def setup_histogram_lines(frame: pd.DataFrame, width: int = 40) -> Sequence[str]:
    """Draw the histogram as text, one line per bin."""
    most = max(frame["Setups"], default=1)
    return [
        f"{low:.4f} to {high:.4f}  {'#' * int(np.ceil(width * count / most)):<{width}}  {count:,}"
        for low, high, count in frame.itertuples(index=False)
    ]
