"""The example of docs/plugins.md, installed by pip and used through the command line."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

import planner.api.plugins
from planner.cli.app import app
from tests.support.plugins.dynamo_graph import DYNAMO_GRAPH, names_differ_in_more_than_case
from tests.support.plugins.installed_plugins import install_example_plugin
from tests.support.scenarios.played_day import write_day_plan


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    install_example_plugin(folder)
    return folder


@pytest.fixture
def _installed(example: Path, plugin_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(example)


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, args)), env={"COLUMNS": "80"})


@pytest.mark.usefixtures("_installed")
def test_all_three_are_listed():
    done = call("plugins")
    assert done.exit_code == 0
    assert done.stdout.count("planner-plugin-example") == 3
    for name in ("load-log", "dynamo", "verdicts"):
        assert name in done.stdout


@pytest.mark.usefixtures("_installed")
def test_its_importer_reads_a_file(tmp_path: Path):
    loads = [
        {"rps": 2, "requests": 1200, "seconds": 600, "ttft_ms": 92, "tpot_ms": 14},
        {"rps": 4, "requests": 2400, "seconds": 600, "ttft_ms": 120, "tpot_ms": 15},
    ]
    head = {"load_log": 1, "model": "Qwen/Qwen3-8B", "gpu": "H100-SXM-80GB", "tp": 1}
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**head, "share_pct": 100, "loads": loads}), encoding="utf-8")
    done = call("profile", "import", path)
    assert done.exit_code == 0, done.stderr
    assert "qwen3-8b,H100-SXM-80GB,1,100,2," in done.stdout
    assert "load-log 1" in done.stderr


@pytest.mark.usefixtures("_installed")
def test_its_scorer_reads_a_file_and_names_what_is_wrong(tmp_path: Path):
    path = tmp_path / "judge.txt"
    path.write_text("# verdicts\nsmall p1 good\nlarge p1 bad\n", encoding="utf-8")
    done = call("scores", "import", path)
    assert done.exit_code == 0, done.stderr
    assert "verdicts: 1 file, 2 grades" in done.stderr
    assert done.stdout.splitlines()[1] == "p1,graded,0,1"
    path.write_text("# verdicts\nsmall p1 great\n", encoding="utf-8")
    done = call("scores", "import", path)
    assert done.exit_code == 2
    assert "line 2" in done.stderr


@pytest.mark.usefixtures("_installed")
def test_its_exporter_writes_a_graph_for_each_llm(tmp_path: Path):
    plan = write_day_plan(tmp_path)
    done = call("export", plan, "--only", "dynamo", "--to", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert {path.name for path in (tmp_path / "out" / "dynamo").iterdir()} == {
        "alpha.yaml",
        "beta.yaml",
    }
    for path in (tmp_path / "out" / "dynamo").iterdir():
        graph = yaml.safe_load(path.read_text("utf-8"))
        jsonschema.validate(graph, DYNAMO_GRAPH)
        assert names_differ_in_more_than_case(graph)
    graph = yaml.safe_load((tmp_path / "out" / "dynamo" / "alpha.yaml").read_text("utf-8"))
    frontend, worker = graph["spec"]["components"]
    assert (frontend["type"], worker["type"], worker["replicas"]) == ("frontend", "worker", 1)
    (main,) = worker["podTemplate"]["spec"]["containers"]
    assert main["name"] == "main"
    assert main["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_what_plug_ins_are_written_with_is_there():
    for name in planner.api.plugins.__all__:
        assert getattr(planner.api.plugins, name).__doc__
