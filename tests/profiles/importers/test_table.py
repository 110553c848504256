"""The table made: own rows pass through, appended rows, contradictions."""

import os
from pathlib import Path

import pytest

from planner.cli.commands.profiles.profile_import import ImportOptions, run_profile_import
from profiles.curves import load_curves
from profiles.importers.table import own_table_rows
from profiles.io.faults import Fault
from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.imports import OPTION, faults_of, imported, write

TABLE = (
    "llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,memory_gib_per_gpu,provenance\n"
    "mine,GPU-X,1,100,2,70,20,estimated\n"
)


def test_our_own_table_passes_through_and_mixes_with_others(tmp_path: Path):
    (tmp_path / "own.csv").write_text(TABLE)
    frame = imported(tmp_path / "own.csv", write(tmp_path, "a.json", vllm())).frame
    assert frame["provenance"].tolist() == ["estimated", "measured"]
    assert frame["memory_gib_per_gpu"].tolist()[0] == 20
    short = "rate_rps,ttft_mean_ms\n2,70\n3,80\n"
    (tmp_path / "short.csv").write_text(short)
    (tmp_path / "named.otherwise").write_text(short)
    frame = imported(tmp_path / "named.otherwise", given={**OPTION, "llm": "mine"}).frame
    assert frame["llm"].tolist() == ["mine", "mine"]
    assert "column llm: the column is missing" in faults_of(tmp_path / "short.csv")


def test_append_and_contradictions(tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "profiles.csv"
    wanted = ImportOptions(gpu="H100-SXM-80GB", tp=1, share=100.0, out=out)
    first = write(tmp_path, "a.json", vllm())
    assert run_profile_import([first], wanted) == 0
    before = out.read_bytes()
    again = ImportOptions(gpu="H100-SXM-80GB", tp=1, share=100.0, out=out, append=True)
    assert run_profile_import([first], again) == 0
    assert len(load_curves(out).options[0].rates) == 1
    assert "appeared twice" in capsys.readouterr().err
    assert (
        run_profile_import(
            [write(tmp_path, "b.json", vllm(request_rate=2.0, request_throughput=2.0))], again
        )
        == 0
    )
    assert load_curves(out).options[0].rates.tolist() == [2.0, 3.98]
    kept = out.read_bytes()
    assert run_profile_import([write(tmp_path, "c.json", vllm(mean_ttft_ms=60.0))], again) == 2
    assert out.read_bytes() == kept != before
    assert "have this rate and differ" in capsys.readouterr().err
    assert run_profile_import([first], wanted) == 0
    assert "in place of the file that was there" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["fifo", "/dev/null", "/dev/stdout"])
def test_append_to_what_is_no_table_is_refused(
    out: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    os.mkfifo(tmp_path / "fifo")
    options = ImportOptions(gpu="H100-SXM-80GB", tp=1, share=100.0, out=tmp_path / out, append=True)
    assert run_profile_import([write(tmp_path, "a.json", vllm())], options) == 2
    assert "--append keeps the rows of a table, and this is not" in capsys.readouterr().err


def test_own_rows_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    faults: list[Fault] = []
    assert own_table_rows(tmp_path / "fifo", {}, faults).empty
    assert [fault.problem for fault in faults] == ["this is not a regular file"]
