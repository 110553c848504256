"""Tables of how far estimates without any measurement lie from all silicon rows that the step time
can express: by GPU, family of LLMs, degree, engine and LLM; and what is not scored.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from bench.silicon import SCHEDULERS_OF, SiliconRow
from models.serving.calibration import Fit, Harness
from models.serving.step_time import FACTORS
from planner.profiling.calibrate import calibrated_relative_errors
from profiles.catalogue import load_catalogue_llms

__all__ = ["start_value_tables"]

ENGINES = {"trtllm": "TensorRT-LLM", "vllm": "vLLM", "sglang": "SGLang"}
LATENT = "latent attention"
"""What the catalogue's notes of such LLMs say."""


def start_value_tables(rows: Sequence[SiliconRow], left_out: Counter[str]) -> list[str]:
    """Lines of Markdown."""
    good = [row for row in rows if row.taught]
    errors = np.array([_start_value_errors(row) for row in good])
    lines = [
        "| group | rows | TPOT | signed | TTFT | signed | E2E |",
        "|---" * 7 + "|",
        _start_value_line("all", errors),
    ]
    for label in (_gpu, _family, _degree, _engine, _llm):
        groups = [label(row) for row in good]
        for group in sorted(set(groups)):
            mine = errors[[k for k, name in enumerate(groups) if name == group]]
            lines.append(_start_value_line(group, mine))
    reasons = "; ".join(f"{count:,} {reason}" for reason, count in left_out.most_common())
    total = len(rows) + left_out.total()
    return [
        *lines,
        "",
        f"Of {total:,} rows {len(good):,} are in this table and {len(rows) - len(good):,} are"
        f" saturated. Not scored are {left_out.total():,}: {reasons}.",
    ]


def _start_value_errors(row: SiliconRow) -> np.ndarray:
    """(3,) relative errors of TTFT, TPOT, E2E with all factors 1, at the engine's likeliest
    scheduler.
    """
    harness = Harness(SCHEDULERS_OF[row.backend][0])
    return calibrated_relative_errors(row.point, Fit(np.ones(len(FACTORS)), harness, 0, 0.0))


def _start_value_line(group: str, errors: np.ndarray) -> str:
    """Median / 90th percentile of the absolute errors, and medians of the signed ones, per cent."""
    cells = [f"{len(errors):,}"]
    for metric in (1, 0, 2):
        size = 100 * np.abs(errors[:, metric])
        middle, high = np.median(size), np.quantile(size, 0.9)
        cells.append(f"{middle:.0f} / {high:.0f}")
        if metric != 2:
            cells.append(f"{100 * np.median(errors[:, metric]):+.0f}")
    return f"| {group} | {' | '.join(cells)} |"


def _gpu(row: SiliconRow) -> str:
    return f"GPU: {row.gpu}"


def _family_of(row: SiliconRow) -> str:
    llm = load_catalogue_llms()[row.llm]
    if LATENT in llm.note:
        return "experts and latent attention"
    return "experts" if llm.experts else "dense"


def _family(row: SiliconRow) -> str:
    return f"family: {_family_of(row)}"


def _degree(row: SiliconRow) -> str:
    kind = "dense" if _family_of(row) == "dense" else "experts"
    return f"{kind}, tp {row.tp_degree}"


def _engine(row: SiliconRow) -> str:
    return f"engine: {ENGINES[row.backend]}"


def _llm(row: SiliconRow) -> str:
    return f"LLM: {row.llm}"
