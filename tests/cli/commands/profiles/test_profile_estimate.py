"""The command `profile estimate`: its table, its intervals, calibration, and all faults at once."""

import csv
from pathlib import Path

import pytest

from models.serving.calibration import Harness
from planner.cli.commands.profiles.estimate_options import EstimateOptions
from planner.cli.commands.profiles.profile_estimate import run_profile_estimate
from planner.cli.terminal.interrupt import Interrupt
from profiles.curves import load_curves
from tests.support.scenarios.estimates import H100, TRUTH, points_of
from tests.support.walls import wall_size


def small_options(tmp_path: Path, **changes: object) -> EstimateOptions:
    base = EstimateOptions(
        llms=("llama-3.1-8b",),
        gpus=("H100-SXM-80GB",),
        tp_degrees="1",
        shares="100",
        input_tokens=512,
        output_tokens=64,
        requests=400,
        seeds=2,
        rates=3,
        jobs=1,
        quiet=True,
    )
    return EstimateOptions(**{**base.__dict__, "out": str(tmp_path / "out.csv"), **changes})  # type: ignore[arg-type]


def test_the_command_writes_a_table_and_its_intervals(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(
        "arrival_s,input_tokens,output_tokens\n0,300,20\n1,900,60\n2,100,5\n"
    )
    assert (
        run_profile_estimate(
            small_options(tmp_path, lengths=str(tmp_path / "trace.csv"), jobs=2, tp_degrees="1,2"),
            Interrupt(),
        )
        == 0
    )
    assert "trace lengths" in load_curves(tmp_path / "out.csv").options[0].source
    assert (
        run_profile_estimate(
            small_options(tmp_path, intervals=str(tmp_path / "i.csv")), Interrupt()
        )
        == 0
    )
    own = load_curves(tmp_path / "out.csv").options[0]
    assert len(own.rates) == 3
    assert "bits" not in own.source
    assert (tmp_path / "i.csv").read_text().splitlines()[0].split(",")[4:6] == ["rate_rps", "load"]


def test_another_precision_than_16_bits_is_in_the_source(tmp_path: Path) -> None:
    eight = small_options(tmp_path, weight_bits=8, kv_bits=8, requests=100, seeds=1, rates=2)
    assert run_profile_estimate(eight, Interrupt()) == 0
    source = load_curves(tmp_path / "out.csv").options[0].source
    assert ", weights of 8 bits, cache of 8 bits" in source


def test_small_shares_are_told_and_options_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = small_options(tmp_path, shares="20,50,100", quiet=False)
    assert run_profile_estimate(shared, Interrupt()) == 0
    said = capsys.readouterr()
    assert "shares of 20 %: nothing was measured below 30 % of a GPU" in said.err
    assert "3 options, " in said.out


def test_the_command_lists_all_faults_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = small_options(
        tmp_path,
        llms=("lama-3.1-8b",),
        gpus=("H100",),
        tp_degrees="one",
        cv=-1.0,
        weight_bits=12,
        lengths=str(tmp_path / "no.csv"),
    )
    assert run_profile_estimate(wrong, Interrupt()) == 2
    reported = capsys.readouterr().err
    assert "did you mean llama-3.1-8b?" in reported
    for place in ("--llm", "--gpu", "--tp", "--cv", "--weight-bits", "no.csv"):
        assert place in reported
    assert not (tmp_path / "out.csv").exists()


EVERY = wall_size(2, 1)
"""Of the measured points each so manieth is stated: each is left out once, and calibrated again."""


def measured_table(path: Path, blank_tokens: bool = False) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        names = (
            "llm",
            "gpu",
            "tp_degree",
            "mps_share_pct",
            "rate_rps",
            "ttft_mean_ms",
            "tpot_mean_ms",
            "concurrency",
        )
        writer.writerow((*names, "input_tokens", "output_tokens"))
        for k, point in enumerate(points_of(TRUTH, Harness("slots"), (1,))[::EVERY]):
            tokens = (
                ("", "")
                if blank_tokens
                else (int(point.lengths.input_tokens), int(point.lengths.output_tokens))
            )
            writer.writerow(
                (
                    "llama-3.1-8b",
                    H100.gpu,
                    1,
                    100,
                    k + 1,
                    1e3 * point.ttft,
                    1e3 * point.tpot,
                    point.users,
                    *tokens,
                )
            )


@pytest.mark.slow
def test_the_command_calibrates_and_prints_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured_table(tmp_path / "measured.csv")
    assert (
        run_profile_estimate(
            small_options(tmp_path, calibrate=tmp_path / "measured.csv", quiet=False), Interrupt()
        )
        == 0
    )
    points = 12 // EVERY
    said = capsys.readouterr().out
    assert f"{points} of {points} points; left out (median / 90th percentile): TTFT" in said
    assert set(load_curves(tmp_path / "out.csv").options[0].provenance) == {"calibrated"}
    measured_table(tmp_path / "measured.csv", blank_tokens=True)
    assert (
        run_profile_estimate(
            small_options(tmp_path, calibrate=tmp_path / "measured.csv"), Interrupt()
        )
        == 2
    )
    assert "calibrating needs the tokens of every row" in capsys.readouterr().err
