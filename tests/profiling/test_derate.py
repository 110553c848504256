"""Curves of idle neighbours made those of busy ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.serving.gpu_sharing import busy_slowdown, idle_decode_slowdown, idle_prompt_slowdown
from models.serving.step_time import StepSettings
from planner.profiling.derate import derate_table
from planner.profiling.estimate import COLUMNS, LATENCIES, estimate_requests, estimate_table
from profiles.curves import ProfileTable, load_curves
from tests.support.scenarios.estimates import H100, LLMS, SMALL

ROW = {"llm": "x", "gpu": "H", "tp_degree": 2, "mps_share_pct": 50, "neighbours": "idle"}


def table(folder: Path, rows: list[dict[str, object]]) -> ProfileTable:
    path = folder / "profiles.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return load_curves(path)


def measured(**more: object) -> list[dict[str, object]]:
    return [
        {**ROW, "rate_rps": rate, "ttft_mean_ms": 100 * rate, "tpot_mean_ms": 10 * rate, **more}
        for rate in (1.0, 2.0)
    ]


def test_without_counts_the_neighbours_take_all_that_is_theirs(tmp_path: Path) -> None:
    done = derate_table(table(tmp_path, measured()))
    busy = busy_slowdown(0.5)
    assert (done.changed, done.lifted) == (1, 0)
    assert done.frame["rate_rps"].tolist() == pytest.approx([1 / busy, 2 / busy])
    assert done.frame["ttft_mean_ms"].tolist() == pytest.approx([100 * busy, 200 * busy])
    assert set(done.frame["provenance"]) == {"calibrated"}
    assert set(done.frame["neighbours"]) == {"busy"}
    assert set(done.frame["source"]) == {"derated for busy neighbours"}


def test_what_slowed_it_alone_is_not_counted_twice(tmp_path: Path) -> None:
    done = derate_table(table(tmp_path, measured(input_tokens=2000, concurrency=16)))
    busy = busy_slowdown(0.5)
    ttft = busy / float(idle_prompt_slowdown(0.5, 1000))
    tpot = busy / float(idle_decode_slowdown(0.5, 8))
    assert 1 < ttft < tpot < busy
    assert done.frame["ttft_mean_ms"].tolist() == pytest.approx([100 * ttft, 200 * ttft])
    assert done.frame["tpot_mean_ms"].tolist() == pytest.approx([10 * tpot, 20 * tpot])
    assert done.frame["rate_rps"].tolist() == pytest.approx([1 / tpot, 2 / tpot])


@pytest.mark.parametrize("word", ["busy", "unknown", ""])
def test_other_neighbours_stay_unless_they_are_asked_for(tmp_path: Path, word: str) -> None:
    read = table(tmp_path, measured(neighbours=word))
    assert derate_table(read).changed == 0
    assert derate_table(read, unknown=True).changed == (word != "busy")
    assert derate_table(read).frame["rate_rps"].tolist() == [1.0, 2.0]


def test_an_estimate_beside_idle_neighbours_comes_near_that_beside_busy_ones(
    tmp_path: Path,
) -> None:
    tables = []
    for idle in (True, False):
        settings = StepSettings(idle_neighbours=idle)
        rows = estimate_table(
            estimate_requests([LLMS["llama-3.1-8b"]], [H100], (1,), (50, 100), SMALL, settings)
        ).rows
        tables.append(pd.DataFrame(rows, columns=list(COLUMNS)))
    done = derate_table(table(tmp_path, tables[0].to_dict("records"))).frame
    half, whole = (done[done["mps_share_pct"] == share] for share in (50, 100))
    busy = tables[1][tables[1]["mps_share_pct"] == 50]
    top, expected = half["rate_rps"].iloc[-1], busy["rate_rps"].iloc[-1]
    assert top == pytest.approx(expected, rel=0.25)
    assert top <= 0.5 * whole["rate_rps"].iloc[-1]
    for name in LATENCIES:
        least = np.interp(2 * half["rate_rps"], whole["rate_rps"], whole[name])
        assert np.all(half[name] >= least * (1 - 1e-9))
