"""The command `profile check`: worst first, exit codes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.scenarios.profile_tables import CLEAN, changed, rows_of, write


def check(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["profile", "check", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_lists_worst_first_and_ends_with_0(tmp_path: Path):
    rows = rows_of(CLEAN)
    changed(ttft_p99_ms="", concurrency="22")(rows)
    code, out, _ = check(str(write(tmp_path, rows)))
    assert code == 0
    assert "2 curves, 8 points" in out
    assert "1 refused, 1 wrong" in out
    assert out.index("ttft_p99_ms is blank here") < out.index("Little's law")
    assert "row 4: llama-3.1-8b on H100-SXM-80GB, tp 1, share 50 %" in out


def test_a_clean_table_on_the_terminal(tmp_path: Path):
    code, out, err = check(str(write(tmp_path, rows_of(CLEAN))))
    assert code == 0
    assert "No findings" in out
    assert not err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("llm,gpu\nx,y\n", "column rate_rps: the column is missing"),
        (CLEAN.replace(",90,80,", ",ninety,80,"), "this is not a number"),
        (
            CLEAN.replace(",1,50,", ",1,0.5,").replace(",1,100,", ",1,1,"),
            "the shares look like fractions",
        ),
        ("", "empty"),
    ],
)
def test_what_cannot_be_read_ends_with_2(text: str, problem: str, tmp_path: Path):
    path = tmp_path / "profiles.csv"
    path.write_text(text)
    code, _, err = check(str(path))
    assert code == 2
    assert problem in err
    assert check(str(tmp_path / "none.csv"))[0] == 2


def test_with_a_scenario_only_its_curves_count(tmp_path: Path):
    rows = rows_of(CLEAN)
    rows.append({**rows[0], "llm": "another", "concurrency": "99"})
    path = write(tmp_path, rows)
    (tmp_path / "scenario.yaml").write_text(
        "version: 1\nname: t\npools: [{name: p, gpu: H100-SXM-80GB, nodes: 1, gpus_per_node:"
        " 1}]\nllms: [{name: llama-3.1-8b}, {name: ghost}]\nprofiles: profiles.csv\nscores:"
        " scores.csv\narrival_rate_rps: 1\nslo: [{metric: ttft, statistic: p95, limit_ms:"
        " 100}]\nobjective: {maximize: quality}\nsetups: {mps_shares_pct: [50]}\n"
    )
    code, out, _ = check(str(path), "--scenario", str(tmp_path / "scenario.yaml"))
    assert code == 0
    assert "1 curve, 4 points" in out
    assert "ghost (any option): the table has no curve" in out
    assert "ttft_p95_ms: an SLO needs it" in out
    assert "another" not in out
    assert "another" in check(str(path))[1]


def test_very_many_curves_are_listed_in_part(tmp_path: Path) -> None:
    rows = rows_of(CLEAN)
    single = [{**rows[0], "llm": f"n{k}"} for k in range(300)]
    code, out, _ = check(str(write(tmp_path, single)))
    assert code == 0
    assert "300 curves, 300 points" in out
    assert "and 100 more curves" in out
    assert "and 100 more findings" in out
    assert len(out.splitlines()) < 450


def test_slos_of_classes_count_for_their_llms(tmp_path: Path) -> None:
    write(tmp_path, rows_of(CLEAN))
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        """\
version: 1
name: day
pools: [{name: a, gpu: H100-SXM-80GB, nodes: 1, gpus_per_node: 4}]
llms: [{name: llama-3.1-8b}, {name: far, api: {usd_per_request: 1}}]
profiles: profiles.csv
scores: scores.csv
slo: []
objective: {maximize: quality}
classes:
  - {name: chat, slo: [{metric: tpot, statistic: p90, limit_ms: 9}]}
  - {name: batch}
arrival_rate_rps: {chat: 1, batch: 1}
""",
        encoding="utf-8",
    )
    table = next(tmp_path.glob("*.csv"))
    code, out, _ = check(str(table), "--scenario", str(scenario))
    assert code == 0
    assert "far (any option)" not in out
    assert "an SLO of chat needs it, so the option will not serve this class" in out
