"""The tables of a scenario, summarised: what is profiled, how far, where it comes from, and what
the scores look like.

profiles   one row per LLM and GPU type: options, degrees, shares, MIG profiles where there are
           any, rates, points, provenance
scores     one row per LLM: mean, lowest and highest score, and the part of the prompts on which it
           is the best
"""

from collections import defaultdict

import numpy as np
import pandas as pd

from profiles.curves import ProfiledOption, ProfileTable
from profiles.records import Scores

__all__ = ["MEAN_SCORE", "summarise_profiles", "summarise_scores"]

MEAN_SCORE = "Mean (score)"
"""The column of `summarise_scores` with the mean of every LLM."""


def summarise_profiles(table: ProfileTable) -> pd.DataFrame:
    """Tabulate what is profiled."""
    groups: dict[tuple[str, str], list[ProfiledOption]] = defaultdict(list)
    for option in table.options:
        groups[option.llm, option.gpu].append(option)
    rows = []
    for (llm, gpu), options in groups.items():
        degrees, shares = (
            sorted({o.tp_degree for o in options}),
            sorted({o.mps_share_pct for o in options if not o.mig_profile}),
        )
        instances = sorted({o.mig_profile for o in options if o.mig_profile})
        columns = sorted(
            {f"{metric}_{statistic}" for o in options for metric, statistic in o.latency_ms}
        )
        kinds = [kind for o in options for kind in o.provenance]
        counts = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in dict.fromkeys(kinds))
        lowest, highest = (
            min(float(o.rates[0]) for o in options),
            max(float(o.rates[-1]) for o in options),
        )
        listed = (", ".join(map(str, degrees)), ", ".join(f"{share:g}" for share in shares))
        rows.append(
            (
                llm,
                gpu,
                len(options),
                *listed,
                ", ".join(instances),
                sum(len(o.rates) for o in options),
                lowest,
                highest,
                ", ".join(columns),
                counts,
            )
        )
    heads = ["LLM", "GPU", "Options", "TP degrees", "MPS shares (%)", "MIG profiles"]
    heads += [
        "Load points",
        "Lowest rate (req/s)",
        "Highest rate (req/s)",
        "Latency columns",
        "Provenance of the points",
    ]
    frame = pd.DataFrame(rows, columns=heads)
    return frame if frame["MIG profiles"].any() else frame.drop(columns="MIG profiles")


def summarise_scores(scores: Scores) -> pd.DataFrame:
    """Tabulate the scores; means and parts by the prompts' weights, ties counted for each of the
    best.
    """
    best = scores.values == scores.values.max(axis=0)
    rows = [
        (
            llm,
            float(row @ scores.weights),
            float(row.min()),
            float(row.max()),
            100.0 * float(np.where(best[i], scores.weights, 0.0).sum()),
        )
        for i, (llm, row) in enumerate(zip(scores.llms, scores.values, strict=True))
    ]
    heads = [
        "LLM",
        MEAN_SCORE,
        "Lowest (score)",
        "Highest (score)",
        "Best or tied (% of prompts)",
    ]
    return pd.DataFrame(rows, columns=heads)
