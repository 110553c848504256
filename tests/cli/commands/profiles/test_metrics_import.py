"""The command `profile import --prometheus`."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.scenarios.played_server import START, exposition_of, play_server

OPTION = ("--gpu", "H100-SXM-80GB", "--tp", "1", "--share", "100")


def call(*args: str | Path) -> Result:
    line = ["profile", "import", *map(str, args)]
    return CliRunner().invoke(app, line, env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def scrapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scrapes")
    server = play_server([(2.0, 1500.0), (5.0, 1500.0)], edges=(0.1, 1.0))
    for k in range(51):
        text = exposition_of(server, START + 60.0 * k)
        (folder / f"m-{START + 60.0 * k:.0f}.txt").write_text(text, encoding="utf-8")
    return folder


def test_points_are_printed_with_their_errors_and_written(scrapes: Path, tmp_path: Path):
    out = tmp_path / "profiles.csv"
    done = call("--prometheus", scrapes, *OPTION, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert "vLLM at instance=" in done.stderr
    assert "10 of 10 windows of 5 minutes taken" in done.stderr
    head = "req/s ± % windows requests TTFT ms ± % TPOT ms ± % E2E ms ± %"
    assert head in " ".join(done.stderr.split())
    assert max(map(len, done.stderr.partition("Notice")[0].splitlines()[2:])) <= 80
    assert "percentiles stay empty" in done.stderr
    assert "2 points of 1 option written" in done.stderr
    assert out.read_text(encoding="utf-8").count("vLLM metrics of") == 2


def test_quiet_prints_the_table_alone(scrapes: Path):
    done = call("--prometheus", scrapes, *OPTION, "--quiet", "--widest-bucket", "100")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "ttft_p99_ms" in done.stdout.splitlines()[0]


def test_a_mapping_file_names_servers_by_their_labels(scrapes: Path, tmp_path: Path):
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "defaults: {share: 100}\nservers:\n"
        '  - {match: {model_name: "Qwen/*"}, llm: mine, gpu: L4-24GB, tp: 1}\n',
        encoding="utf-8",
    )
    done = call("--prometheus", scrapes, "--map", mapping)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("mine,L4-24GB,1,100,")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--from", "then", "--to", "2026-11-27"], ["--from: this is no time, got 'then'"]),
        (["--from", "2026-11-27", "--to", "2026-11-26"], ["ends before it begins"]),
        (["--label", "job", "--append"], ["this is no label", "no table to append to"]),
        (["--label", "model_name=other"], ["no vLLM or SGLang server", "with these labels"]),
    ],
)
def test_every_fault_of_the_line_is_said(scrapes: Path, line: list[str], words: list[str]):
    done = call("--prometheus", scrapes, *OPTION, *line)
    assert done.exit_code == 2
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    "line",
    [[], ["a.json", "--prometheus", "b.txt"], ["a.json", "--from", "2026-11-27"]],
)
def test_benchmarks_and_metrics_are_not_mixed(line: list[str]):
    done = call(*line)
    assert done.exit_code == 2
    assert "--prometheus" in done.stderr


def test_a_mapping_that_is_wrong_is_a_fault(scrapes: Path, tmp_path: Path):
    mapping = tmp_path / "map.yaml"
    mapping.write_text("servers:\n  - {match: a, tp: 1}\n  - {match: {a: b}, tp: 0}\n", "utf-8")
    done = call("--prometheus", scrapes, "--map", mapping)
    assert done.exit_code == 2
    assert "servers.0: the entry does not say which servers it means" in done.stderr
    assert "servers.1.tp: this is no whole number" in done.stderr
