"""Estimates held against one's own measurements."""

import re

import numpy as np
import pandas as pd
import pytest

from models.serving.workload import fixed
from planner.profiling.estimate import COLUMNS, estimate_requests, estimate_table
from planner.profiling.measured_errors import (
    WHAT_TO_DO,
    MeasuredErrors,
    hold_estimates_against_measured,
)
from planner.profiling.simulated_load import OfferedLoad
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

OFFERED = OfferedLoad(lengths=fixed(500, 100), rates=4, requests=800, seeds=2)


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    """Curves that are what an estimate says, but for their 30 % longer TPOT."""
    llms, gpus = load_catalogue_llms(), load_catalogue_gpus()
    wanted = estimate_requests(
        [llms["llama-3.1-8b"]], [gpus["H100-SXM-80GB"]], [1, 2], [100], OFFERED
    )
    frame = pd.DataFrame(estimate_table(wanted, 1).rows, columns=list(COLUMNS))
    # Beyond it a queue decides, and its length hangs on every draw.
    frame = frame[frame.groupby("tp_degree").cumcount() < 3]
    frame["concurrency"] = np.nan
    frame["provenance"] = "measured"
    return frame.assign(tpot_mean_ms=1.3 * frame["tpot_mean_ms"])


def test_the_median_error_of_a_pair_is_stated(measured: pd.DataFrame) -> None:
    held = hold_estimates_against_measured(measured)
    [line] = held.lines
    assert held.gpus == ["H100-SXM-80GB"]
    assert 20 < held.short_pct < 26
    assert line.startswith("llama-3.1-8b on H100-SXM-80GB, 6 measured points: TTFT within 5 %")
    assert re.search(r"TPOT 2[1-5] % too short \(median\)", line)


def test_files_of_another_gpu_are_far_off(measured: pd.DataFrame) -> None:
    held = hold_estimates_against_measured(measured.assign(gpu="A100-PCIe-80GB"))
    [line, advice] = held.lines
    assert held.short_pct == 0.0
    assert re.search(r"TPOT \d+ % too long", line)
    assert advice == WHAT_TO_DO


def test_what_cannot_be_estimated_is_passed_over(measured: pd.DataFrame) -> None:
    alien = [
        measured.assign(llm="my-own"),
        measured.assign(gpu="my-own"),
        measured.assign(mig_profile="3g.40gb"),
        measured.assign(tp_degree=3),
        measured.assign(input_tokens=np.nan),
        measured.assign(rate_rps=0.0),
        measured.drop(columns="output_tokens"),
        measured.drop(columns=["ttft_mean_ms", "tpot_mean_ms"]),
    ]
    for frame in alien:
        assert hold_estimates_against_measured(frame) == MeasuredErrors(lines=[], gpus=[])
    [line] = hold_estimates_against_measured(
        pd.concat([measured, alien[0]], ignore_index=True)
    ).lines
    assert "6 measured points" in line
    [line] = hold_estimates_against_measured(measured.drop(columns="tpot_mean_ms")).lines
    assert "TPOT" not in line


def test_a_queue_without_end_has_no_figure(measured: pd.DataFrame) -> None:
    line, advice = hold_estimates_against_measured(measured[:1].assign(rate_rps=5000.0)).lines
    assert "TTFT more than 1000 % too long" in line
    assert advice == WHAT_TO_DO
