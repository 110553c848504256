"""How many setups are retained at which utilisation floor: the trio on 4 and on 8 A100, and four
LLMs on 8.

Nothing is routed.

The paper's floor is not published to us; these counts beside its own ("about 700", "17,000") are
what the floor of `paper-study` is inferred from.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from examples.make_examples import PAPER_STUDY, write_example
from models.instance import Instance
from planner.cli.terminal.output import Column, output_table
from planner.decomposition.enumeration import enumerate_retained_setups, enumerate_setups
from planner.scenario.assemble import assemble_instance

FOLDER = Path(__file__).parent / "paper-study"
FLOORS_PCT = (0.0, 50.0, 70.0, 80.0, 85.0, 87.5, 90.0, 95.0, 100.0)
FOURTH = "llama-3.1-8b"
"""Our choice: which fourth LLM the paper took is not known to us."""
FLOOR = "setups.min_gpu_utilization_pct"
ROUNDING = 1e-9
LEAST = 80
"""Requests that a curve is simulated with: no count depends on the curves."""
HEADS = {
    "enumerated": "enumerated",
    "retained": "retained",
    "retained, all LLMs deployed": "retained,\nall LLMs deployed",
}


def cluster_file(gpus: int) -> Path:
    """The scenario of a cluster."""
    return FOLDER / f"{gpus}xa100.yaml"


def counts_table() -> pd.DataFrame:
    """Tabulate by floor and case: setups within compute and floor, those that first fit places, and
    of these those without an idle LLM.
    """
    cases = {
        f"3 LLMs, {gpus} GPUs": assemble_instance(cluster_file(gpus), {FLOOR: 0}).instance
        for gpus in (4, 8)
    }
    columns: dict[str, Any] = {"Floor (%)": FLOORS_PCT}
    for name, instance in {**cases, "4 LLMs, 8 GPUs": quartet()}.items():
        setups = enumerate_setups(instance)
        kept = enumerate_retained_setups(instance, setups)
        everyone = kept & (setups.llms() == (1 << len(instance.llms)) - 1)
        share = setups.compute.sum(axis=1) / instance.gpus
        above = [share >= floor / 100.0 - ROUNDING for floor in FLOORS_PCT]
        columns[f"{name}: enumerated"] = [int(rows.sum()) for rows in above]
        columns[f"{name}: retained"] = [int((rows & kept).sum()) for rows in above]
        columns[f"{name}: retained, all LLMs deployed"] = [
            int((rows & everyone).sum()) for rows in above
        ]
    return pd.DataFrame(columns)


def quartet() -> Instance:
    """The trio and FOURTH on 8 GPUs, without a floor.

    Its scores are of no use: no count depends on them.
    """
    names = (PAPER_STUDY.llms[0], FOURTH, *PAPER_STUDY.llms[1:])
    example = replace(
        PAPER_STUDY,
        llms=names,
        skill=(0.0,) * len(names),
        hurt=(1.0,) * len(names),
        prompts=20,
        requests=LEAST,
    )
    with tempfile.TemporaryDirectory() as folder:
        write_example(example, Path(folder))
        tables = {key: str(Path(folder) / f"{key}.csv") for key in ("profiles", "scores")}
        llms = [{"name": name, "max_replicas": 1} for name in names]
        return assemble_instance(cluster_file(8), {"llms": llms, **tables, FLOOR: 0}).instance


def print_counts(console: Console, frame: pd.DataFrame) -> None:
    """Print one table a case."""
    for case in dict.fromkeys(header.partition(":")[0] for header in frame.columns[1:]):
        columns: list[Column] = [("Floor (%)", "floor (%)", lambda value: f"{value:.1f}")]
        columns += [
            (f"{case}: {what}", head, lambda value: f"{value:,.0f}") for what, head in HEADS.items()
        ]
        output_table(console, f"{case}, at most one replica of each", frame, columns)
