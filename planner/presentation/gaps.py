"""What to measure next: a named table, sentences, and the benchmark command of every option.

gaps    one row per option: provenance, assumed error, in the plan or not, gain if better, regret
        if worse
"""

import math
import shlex
from collections.abc import Sequence

import pandas as pd

from models.instance import Instance
from planner.plans.numbers import tidy
from planner.presentation.formatting import format_config, format_number
from planner.profiling.gaps import CurveGap, Gaps

__all__ = ["benchmark_command", "gap_reason", "gaps_headline", "gaps_table"]

UNKNOWN = "MODEL"
MIG_UUID = "MIG-UUID"
"""In place of an instance's UUID, which `nvidia-smi -L` shows."""
LOADS = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 1.05)
"""Offered rates of the benchmark, in shares of the highest rate of the curve."""


def gaps_headline(gaps: Gaps) -> str:
    """Say how many options matter."""
    matter = sum(gap.value > 0 for gap in gaps.gaps)
    if not gaps.gaps and not gaps.left:
        return (
            "every curve of this scenario is measured; nothing is left to measure for this decision"
        )
    left = f"; {gaps.left:,} options were not assessed in time" if gaps.left else ""
    return (
        f"{matter:,} of {len(gaps.gaps):,} options that were not measured matter to the"
        f" decision{left}"
    )


def gaps_table(gaps: Gaps, instance: Instance, unit: str) -> pd.DataFrame:
    """Tabulate the options, most valuable first. unit: of the objective."""
    rows = []
    for gap in gaps.gaps:
        option = instance.options[gap.option]
        rows.append(
            (
                *(
                    instance.llms[option.llm].name,
                    instance.pools[option.pool].gpu,
                    format_config(instance, ((gap.option, 1),)),
                ),
                *(
                    gap.provenance,
                    100.0 * gap.error,
                    gap.in_plan,
                    gap.gain,
                    gap.regret,
                    gap_reason(gap),
                ),
            )
        )
    heads = [
        "LLM",
        "GPU",
        "Option",
        "Provenance",
        "Assumed error (%)",
        "In the plan",
        f"Gain if better ({unit})",
        f"Regret if worse ({unit})",
    ]
    return pd.DataFrame(rows, columns=[*heads, "Why"])


def gap_reason(gap: CurveGap) -> str:
    """Say why an option matters."""
    if gap.breaks:
        return "if worse, the plan's setup breaks a limit"
    if gap.regret and gap.regret >= (gap.gain or 0.0):
        return "if worse, another setup is better"
    if gap.gain:
        return "if better, the plan gains" if gap.in_plan else "if better, the plan changes"
    return "no effect within the assumed error"


def benchmark_command(gap: CurveGap, instance: Instance, hf_id: str | None) -> Sequence[str]:
    """Return the command lines that measure one option: the server, and one run for each load.

    hf_id: the LLM's id on Hugging Face.
    """
    option = instance.options[gap.option]
    model = shlex.quote(hf_id or UNKNOWN)
    if option.mig is not None:
        limit = f"CUDA_VISIBLE_DEVICES={MIG_UUID} "
        part = f"mig_profile={option.mig.name}"
    else:
        share = tidy(100.0 * option.mps_share)
        limit = f"CUDA_MPS_ACTIVE_THREAD_PERCENTAGE={share} " if option.mps_share < 1 else ""
        part = f"mps_share={share}"
    prompt, answer = (
        round(tokens) if math.isfinite(tokens) else None for tokens in option.curve.tokens
    )
    lengths = (
        ""
        if prompt is None or answer is None
        else f" --dataset-name random --random-input-len {prompt} --random-output-len {answer}"
    )
    top = option.curve.max_rate
    rates = " ".join(format_number(load * top, 2) for load in LOADS) if top > 0 else "1 2 4 8"
    gpu = shlex.quote(instance.pools[option.pool].gpu)
    return (
        f"{limit}vllm serve {model} --tensor-parallel-size {option.tp_degree}",
        (
            f"for r in {rates}; do vllm bench serve --model {model} --request-rate $r --num-prompts"
            f" 2000{lengths} --percentile-metrics ttft,tpot,itl,e2el --metric-percentiles"
            f" 50,90,95,99 --save-result --metadata tensor_parallel_size={option.tp_degree}"
            f" gpu_type={gpu} {part}; done"
        ),
    )
