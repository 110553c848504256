"""Curves that were measured beside idle neighbours, as they will be beside busy ones.

Of an option with share s, W GPUs and load points (r_j, L_j), with the laws of
`models.serving.gpu_sharing`:

    TTFT    x b / p    b: slowdown beside busy neighbours, p: of a step of one prompt alone
    TPOT    x b / d    d: of a step of as many decodes as the row's concurrency
    E2E     x the larger of the two
    rate    / the larger of the two; so work that takes f times as long is done 1/f as often

p and d count as 1 where the row does not state input_tokens, or concurrency: the safe side. Where
the table has the whole GPU's curve, the result is brought onto its rates times s, and lifted so
that sharing creates no throughput. Rows become `calibrated`, their neighbours `busy`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.serving.gpu_sharing import (
    SHARING_LOSS,
    busy_slowdown,
    idle_decode_slowdown,
    idle_prompt_slowdown,
    lift_to_whole_gpu,
    shared_gpu_rates,
)
from profiles.curves import ProfileTable
from profiles.mig_columns import MIG
from profiles.profile_columns import IDENTITY, KEYS, KNOWN, LATENCIES

__all__ = ["Derated", "derate_table"]

GPU = KEYS[:-1]
"""What an option shares with the whole GPU's."""
MADE = "derated for busy neighbours"


@dataclass(frozen=True)
class Derated:
    """frame: the whole table, by KNOWN; changed: options derated, of them `lifted` against the
    whole GPU's curve.
    """

    frame: pd.DataFrame
    changed: int
    lifted: int


def derate_table(
    table: ProfileTable, loss: float = SHARING_LOSS, *, unknown: bool = False
) -> Derated:
    """The table with the curves of shares that had idle neighbours derated.

    loss: of `models.serving.gpu_sharing`; unknown: those too whose neighbours are not known.
    """
    content = {name: table.content[name] for name in KNOWN if name in table.content}
    content.setdefault("neighbours", np.full(len(content["llm"]), "unknown", dtype=object))
    content.setdefault("source", np.full(len(content["llm"]), "", dtype=object))
    frame = pd.DataFrame(content)[[name for name in KNOWN if name in content]]
    meant = {"idle", "unknown"} if unknown else {"idle"}
    parts: list[pd.DataFrame] = []
    changed = lifted = 0
    wholes = {
        key: rows
        for key, rows in frame[frame["mps_share_pct"] == 100].groupby(list(GPU), sort=False)
    }
    for (*key, divided), rows in frame.groupby(list(IDENTITY), sort=False):
        # A MIG instance has its part of memory and bandwidth for itself.
        if divided or key[-1] == 100 or not set(rows["neighbours"]) & meant:
            parts.append(rows)
            continue
        slower, whole = _derate_curve(rows, loss), wholes.get(tuple(key[:-1]))
        if whole is not None:
            slower, lifted = _derate_below_whole(slower, whole), lifted + 1
        changed += 1
        parts.append(slower)
    derated = pd.concat(parts, ignore_index=True)
    derated.loc[derated[MIG] != "", "mps_share_pct"] = np.nan
    if (derated[MIG] == "").all():
        derated = derated.drop(columns=MIG)
    return Derated(derated, changed, lifted)


def _derate_curve(rows: pd.DataFrame, loss: float) -> pd.DataFrame:
    """The option's rows, each slowed by what its prompts and its decodes are."""
    share, degree = float(rows["mps_share_pct"].iloc[0]) / 100, float(rows["tp_degree"].iloc[0])
    busy = busy_slowdown(share, loss)
    prompts, decodes = (_per_gpu(rows, name, degree) for name in ("input_tokens", "concurrency"))
    by_metric = {
        "ttft": busy / np.where(prompts > 0, idle_prompt_slowdown(share, prompts), 1.0),
        "tpot": busy / np.where(decodes > 0, idle_decode_slowdown(share, decodes), 1.0),
    }
    by_metric = {metric: np.maximum(factor, 1.0) for metric, factor in by_metric.items()}
    by_metric["e2e"] = np.maximum(by_metric["ttft"], by_metric["tpot"])
    slower = rows.copy()
    for name, (metric, _) in LATENCIES.items():
        if name in rows:
            slower[name] = rows[name] * by_metric[metric]
    rates = rows["rate_rps"] / by_metric["e2e"]
    if (np.diff(rates) <= 0).any():
        # Counts that jump about: then one factor, the largest, keeps the points in order.
        rates = rows["rate_rps"] / by_metric["e2e"].max()
    sources = [f"{text}; {MADE}" if text else MADE for text in rows["source"]]
    return slower.assign(
        rate_rps=rates,
        neighbours="busy",
        provenance="calibrated",
        source=sources,
    )


def _per_gpu(rows: pd.DataFrame, name: str, degree: float) -> np.ndarray:
    """(K,) a count of each GPU; 0 where it is not stated."""
    stated = rows[name] if name in rows else pd.Series(np.nan, rows.index)
    return np.nan_to_num(stated.to_numpy(dtype=float)) / degree


def _derate_below_whole(rows: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The option's rows at rates of the whole GPU's curve times its share, none faster than it."""
    share = float(rows["mps_share_pct"].iloc[0]) / 100
    whole_rates, measured = whole["rate_rps"].to_numpy(), rows["rate_rps"].to_numpy()
    rates = np.array(shared_gpu_rates(whole_rates.tolist(), share, measured.tolist()))
    # Words and counts of the measured point at or below each rate.
    nearest = np.clip(np.searchsorted(measured, rates, side="right") - 1, 0, None)
    columns = [name for name in LATENCIES if name in rows and rows[name].notna().all()]
    latencies = np.stack([np.interp(rates, measured, rows[name]) for name in columns], axis=1)
    both = [k for k, name in enumerate(columns) if name in whole and whole[name].notna().all()]
    latencies[:, both] = lift_to_whole_gpu(
        latencies[:, both],
        rates.tolist(),
        share,
        whole_rates.tolist(),
        whole[[columns[k] for k in both]].to_numpy(),
    )
    values: Mapping[str, np.ndarray] = dict(zip(columns, latencies.T, strict=True))
    return rows.iloc[nearest].assign(rate_rps=rates, **values)
