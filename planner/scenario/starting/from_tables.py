"""A first scenario made of a profile table and a score table: what `init --from-tables` writes.

From the tables come the GPU types (a pool each) and the LLMs that both tables know. What no table
says is a value to start from, named as such at the top of the file:

    nodes, GPUs of each    1 node of NODE_GPUS GPUs a pool, or as many as the largest degree needs
    arrival rate           LOAD x all GPUs x the rate of one GPU of the slowest LLM
    SLO                    mean TTFT (else TPOT, E2E) over all requests at most SLACK x the largest,
                           over LLMs, of the latency in the middle of their fastest curve
    memory of a GPU        the catalogue's; of a type that it lacks, what the largest shard needs

Rates in req/s, latencies in ms.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.curves import ProfiledOption, ProfileTable, parse_curves
from profiles.io.faults import DataError, Fault, shown_in_fault
from profiles.io.table_files import read_table_file
from profiles.io.yaml_text import yaml_text
from profiles.mig_geometry import mig_geometry
from profiles.profile_columns import KNOWN
from profiles.records import METRICS, Column
from profiles.score_tables.score_columns import PROVENANCE, RESERVED
from profiles.score_tables.scores import read_scores

__all__ = ["scenario_text_from_tables"]

NODE_GPUS = 8
LOAD = 0.25
SLACK = 1.5
KEPT_FREE = 0.9
"""Part of a GPU's memory that may be used by default (setups.memory_headroom_pct)."""
UNKNOWN_MEMORY_GIB = 80
"""Of a GPU that neither the catalogue nor the table knows anything about."""


def scenario_text_from_tables(
    profiles: Path, scores: Path, named: tuple[str, str], name: str
) -> tuple[str, list[str]]:
    """Make the YAML text of a scenario, and notices.

    named: what the scenario calls the two files; name: of the scenario. DataError with every fault
    of both tables.
    """
    faults: list[Fault] = []
    notices: list[str] = []
    table = _read_profile_table(profiles, faults)
    columns = _score_table_llms(scores, faults)
    if table is None or columns is None or faults:
        raise DataError(faults)
    profiled = sorted({option.llm for option in table.options})
    llms = [llm for llm in profiled if llm in columns]
    if not llms:
        raise DataError([_no_common_llm(scores, profiled, columns)])
    if read_scores(scores, llms, "error", faults, notices) is None or faults:
        raise DataError(faults, notices)
    if alone := [llm for llm in profiled if llm not in columns]:
        listed = shown_in_fault(", ".join(alone), 200)[1:-1]
        notices.append(f"{scores}: no column for {listed}, left out of the scenario")
    options = [option for option in table.options if option.llm in llms]
    content = _scenario_content(name, named, llms, options)
    return _scenario_comments(named, options) + yaml_text([content]), [*table.notices, *notices]


def _read_profile_table(path: Path, faults: list[Fault]) -> ProfileTable | None:
    """The profile table; one fault where it is a score table."""
    table = read_table_file(path, faults, only=KNOWN)
    if table is None:
        return None
    if RESERVED[0] in table.others and "rate_rps" not in table.columns:
        problem, fix = "this is a score table", "name the profile table first, then the scores"
        faults.append(Fault(str(path), "", "", problem, fix))
        return None
    return parse_curves(table, faults)


def _score_table_llms(path: Path, faults: list[Fault]) -> tuple[str, ...] | None:
    """The columns that may be LLMs; None where there is no score table."""
    table = read_table_file(path, faults, only=RESERVED)
    if table is None:
        return None
    if RESERVED[0] not in table.columns:
        problem = f"this is no score table: it has no column {RESERVED[0]}"
        fix = "one row a prompt: prompt_id, then a column for each LLM"
        faults.append(Fault(str(path), "", "", problem, fix))
        return None
    return tuple(column for column in table.others if column != PROVENANCE)


def _no_common_llm(scores: Path, profiled: Sequence[str], columns: Sequence[str]) -> Fault:
    problem = f"no column is called like an LLM of the profile table ({', '.join(profiled[:8])})"
    fix = "use the same names in both tables"
    return Fault(str(scores), "row 1", shown_in_fault(", ".join(columns), 200), problem, fix)


# ---------------------------------------------------------------- what is written


def _scenario_content(
    name: str, named: tuple[str, str], llms: Sequence[str], options: Sequence[ProfiledOption]
) -> dict[str, Any]:
    pools = [_pool_content(gpu, options) for gpu in _gpu_types(options)]
    gpus = sum(pool["nodes"] * pool["gpus_per_node"] for pool in pools)
    slowest = min(_gpu_rate(llm, options) for llm in llms)
    slos = [_slo_content(llms, options)]
    return {
        "version": 1,
        "name": name,
        "pools": pools,
        "llms": [{"name": llm} for llm in llms],
        "profiles": named[0],
        "scores": named[1],
        "arrival_rate_rps": max(_two_digits(LOAD * gpus * slowest), 0.001),
        "slo": [slo for slo in slos if slo is not None],
        "objective": {"maximize": "quality"},
    }


def _gpu_types(options: Sequence[ProfiledOption]) -> list[str]:
    return list(dict.fromkeys(option.gpu for option in options))


def _pool_content(gpu: str, options: Sequence[ProfiledOption]) -> dict[str, Any]:
    """One node. The memory is written where the catalogue does not know the type."""
    here = [option for option in options if option.gpu == gpu]
    degree = max(option.tp_degree for option in here)
    pool = {"name": gpu, "gpu": gpu, "nodes": 1, "gpus_per_node": max(NODE_GPUS, degree)}
    if gpu not in load_catalogue_gpus():
        shards = [gib for option in here for gib in option.memory_gib]
        memory = max(shards) / KEPT_FREE if shards else UNKNOWN_MEMORY_GIB
        pool["memory_gib"] = math.ceil(memory)
    return pool


def _gpu_rate(llm: str, options: Sequence[ProfiledOption]) -> float:
    """Highest profiled rate for each GPU that it takes, over the options of an LLM."""
    return max(
        option.rates[-1] / (option.tp_degree * _part_of_gpu(option))
        for option in options
        if option.llm == llm
    )


def _part_of_gpu(option: ProfiledOption) -> float:
    """0..1 of each GPU; of a MIG instance its part of the compute slices."""
    if option.mig_profile:
        return mig_geometry(option.gpu)[option.mig_profile].share
    return option.mps_share_pct / 100.0


def _slo_content(llms: Sequence[str], options: Sequence[ProfiledOption]) -> dict[str, Any] | None:
    """A limit that the fastest option of every LLM keeps; None where no mean is known of all."""
    for metric in METRICS:
        limits = [_middle_latency(llm, (metric, "mean"), options) for llm in llms]
        known = [limit for limit in limits if limit is not None]
        if len(known) == len(llms):
            limit = _two_digits(SLACK * max(known))
            return {"metric": metric, "statistic": "mean", "limit_ms": limit, "scope": "all"}
    return None


def _middle_latency(llm: str, column: Column, options: Sequence[ProfiledOption]) -> float | None:
    """Latency in the middle of the curve of the option where that is smallest."""
    latencies = [
        float(option.latency_ms[column][len(option.rates) // 2])
        for option in options
        if option.llm == llm and column in option.latency_ms
    ]
    return min(latencies, default=None)


def _two_digits(value: float) -> float | int:
    """Rounded to two significant digits; whole where it can be."""
    rounded = float(f"{value:.1e}")
    return int(rounded) if rounded == int(rounded) else rounded


def _scenario_comments(named: tuple[str, str], options: Sequence[ProfiledOption]) -> str:
    """The head of the file: what to replace."""
    unknown = [gpu for gpu in _gpu_types(options) if gpu not in load_catalogue_gpus()]
    weighed = {option.llm for option in options if option.memory_gib} | set(load_catalogue_llms())
    weightless = sorted({option.llm for option in options} - weighed)
    lines = [
        f"A first scenario for {named[0]} and {named[1]}. Every key: docs/inputs.md.",
        "Not from the tables, so yours to replace:",
        f"  pools: 1 node of {NODE_GPUS} GPUs of every profiled type; prices are the catalogue's",
        f"  arrival_rate_rps: {100 * LOAD:g} % of what these GPUs could serve with the slowest LLM",
        f"  slo: {SLACK:g} x the latency of the slowest LLM half-way up its curve",
    ]
    if unknown:
        listed = ", ".join(unknown)
        lines.append(f"  memory_gib and price_usd_per_gpu_h of {listed}: not in the catalogue")
    if weightless:
        listed = ", ".join(weightless)
        lines.append(f"  weights_gib, to be added below llms for {listed}: in no table and no")
        lines.append("    catalogue; nothing is planned without it")
    return "".join(f"# {line}\n" for line in lines)
