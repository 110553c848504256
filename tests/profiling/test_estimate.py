"""Estimated curves: their table, their order, their repeatability."""

import csv
import json
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from models.serving.step_time import StepSettings
from models.serving.workload import fixed
from planner.cli.commands.profiles.estimate_options import EstimateOptions
from planner.errors import DataError
from planner.profiling.estimate import (
    COLUMNS,
    LATENCIES,
    Estimate,
    estimate_requests,
    estimate_table,
)
from planner.profiling.simulated_load import OfferedLoad
from profiles.curves import load_curves
from tests.support.scenarios.estimates import GPUS, H100, LLMS, SMALL, estimate


@pytest.fixture(scope="module")
def table() -> Estimate:
    return estimate()


def curves_of(table: Estimate) -> list[list[dict[str, object]]]:
    """Rows by option."""
    by_option = groupby(table.rows, key=lambda row: (row["tp_degree"], row["mps_share_pct"]))
    return [list(rows) for _, rows in by_option]


def test_the_same_bytes_every_time_in_one_process_and_in_two(table: Estimate) -> None:
    assert json.dumps(table.rows) == json.dumps(estimate(jobs=2).rows)


def test_the_planner_reads_the_table_without_a_word(table: Estimate, tmp_path: Path) -> None:
    path = tmp_path / "profiles.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table.rows)
    read = load_curves(path)
    assert read.notices == ()
    assert len(read.options) == 4
    assert {word for option in read.options for word in option.provenance} == {"estimated"}
    assert all("uncertain above" in option.source for option in read.options)


def test_latencies_rise_with_the_rate_up_to_noise(table: Estimate) -> None:
    for curve in curves_of(table):
        assert np.all(np.diff([float(str(row["rate_rps"])) for row in curve]) > 0)
        for column in LATENCIES:
            values = np.array([float(str(row[column])) for row in curve])
            assert np.all(values[1:] >= 0.97 * np.maximum.accumulate(values)[:-1]), column


def test_what_the_loads_and_half_widths_say(table: Estimate) -> None:
    first = next(k for k, row in enumerate(table.rows) if row["mps_share_pct"] == 100)
    loads = [half["load"] for half in table.half_widths[first : first + SMALL.rates]]
    assert loads[0] == pytest.approx(0.05, rel=1e-2)
    assert loads[-1] == pytest.approx(0.97, rel=1e-2)
    assert all(half[column] >= 0 for half in table.half_widths for column in LATENCIES)
    single = estimate(OfferedLoad(requests=100, seeds=1, rates=1), degrees=(1,))
    assert all(np.isnan(half["ttft_mean_ms"]) for half in single.half_widths)


def test_more_gpus_serve_more_and_a_share_serves_less(table: Estimate) -> None:
    top = {
        (row["tp_degree"], row["mps_share_pct"]): float(str(row["rate_rps"])) for row in table.rows
    }
    assert top[1, 100] < top[2, 100]
    for degree in (1, 2):
        assert 0.91 <= 2 * top[degree, 50] / top[degree, 100] <= 0.94


def test_a_share_bends_where_the_whole_gpu_does(table: Estimate) -> None:
    half, whole = ([float(str(row["rate_rps"])) for row in curve] for curve in curves_of(table)[:2])
    for rate in whole:
        if rate / 2 <= half[-1]:
            assert min(abs(rate / 2 - own) for own in half) < 1e-6
    assert {row["neighbours"] for row in table.rows if row["mps_share_pct"] == 50} == {"busy"}
    assert {row["neighbours"] for row in table.rows if row["mps_share_pct"] == 100} == {""}


def test_beside_idle_neighbours_a_share_does_more_than_its_part() -> None:
    idle = StepSettings(idle_neighbours=True)
    found = estimate_table(
        estimate_requests([LLMS["llama-3.1-8b"]], [H100], (1,), (50, 100), SMALL, idle)
    )
    half, whole = curves_of(found)
    assert float(str(half[-1]["rate_rps"])) > 0.6 * float(str(whole[-1]["rate_rps"]))
    assert {row["neighbours"] for row in half} == {"idle"}


def test_bursts_make_tails_longer() -> None:
    plain, bursty = (
        estimate(
            OfferedLoad(lengths=fixed(600, 120), cv=cv, rates=4, requests=2000, seeds=2),
            degrees=(1,),
        )
        for cv in (1.0, 3.0)
    )
    assert float(str(bursty.rows[-2]["ttft_p99_ms"])) > 2 * float(
        str(plain.rows[-2]["ttft_p99_ms"])
    )


def test_what_does_not_fit_is_left_out_with_the_reason() -> None:
    found = estimate(llms=("llama-3.1-70b", "qwen2.5-7b"), degrees=(1, 8))
    reasons = {(out.llm, out.tp_degree): out.reason for out in found.left_out}
    assert reasons["llama-3.1-70b", 1] == "its weights leave no room for a request"
    assert "28 heads" in reasons["qwen2.5-7b", 8]
    assert found.complete


def test_data_errors_are_the_front_door_s() -> None:
    from planner.cli.commands.profiles.estimate_options import (
        read_estimate_options,  # the checks alone
    )

    with pytest.raises(DataError):
        read_estimate_options(EstimateOptions(llms=("no-such",), gpus=("H100-SXM-80GB",)))


def test_cached_tokens_are_not_computed_but_held() -> None:
    """Prompts of 800 tokens of which 700 are cached: more capacity, first tokens sooner, the same
    memory; prompts of 100 are cheaper still, for there is less to attend to.
    """
    loads = [
        OfferedLoad(lengths=fixed(tokens, 40), cached_tokens=cached, requests=400, rates=3)
        for tokens, cached in ((800, 0), (800, 700), (100, 0))
    ]
    plain, cached, short = (
        estimate_table(estimate_requests([LLMS["llama-3.1-8b"]], [H100], [1], [100], load)).rows
        for load in loads
    )
    tops = [float(str(rows[-1]["rate_rps"])) for rows in (plain, cached, short)]
    assert 1.5 * tops[0] < tops[1] < tops[2]
    assert float(str(cached[0]["ttft_p95_ms"])) < float(str(plain[0]["ttft_p95_ms"]))
    assert cached[0]["memory_gib_per_gpu"] == plain[0]["memory_gib_per_gpu"]
    assert cached[0]["input_tokens"] == 800
    assert "700 tokens of a prompt cached" in str(cached[0]["source"])


def test_the_source_says_what_error_is_known() -> None:
    load = OfferedLoad(lengths=fixed(100, 10), requests=100, seeds=1, rates=1)
    for gpu, told in (("A100-SXM-80GB", True), ("H100-SXM-80GB", False)):
        for factors, words in (({}, told), ({"llama-3.1-8b": [1.0] * 9}, False)):
            wanted = estimate_requests(
                [LLMS["llama-3.1-8b"]], [GPUS[gpu]], [1], [100], load, factors=factors
            )
            (row,) = estimate_table(wanted).rows
            assert ("21 to 23 %" in str(row["source"])) == words
