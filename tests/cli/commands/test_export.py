"""The command export: a new folder, chosen parts, refusals."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.errors import DataError
from planner.export.bundle import build_bundle
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import write_plan_file
from planner.plans.record import Plan
from tests.support.plans import export_cases
from tests.support.plans.bundle_cases import CASES
from tests.support.plans.export_cases import ON


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_plan_file(CASES["shared"]().plan, path)
    return path


def run(plan: Path, to: Path, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["export", str(plan), "--to", str(to), *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_command_writes_a_new_folder(
    plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    code, reported = run(plan_file, tmp_path / "a" / "b")
    assert (
        code,
        "Not exported: kubernetes, llm-d: node lab-0 has servers of unequal shares" in reported,
    ) == (
        0,
        True,
    )
    assert "To do: small is in no catalogue: set MODEL_SMALL" in reported
    assert (tmp_path / "a" / "b" / "deploy.sh").stat().st_mode & 0o111
    policy = json.loads((tmp_path / "a" / "b" / "router_policy.json").read_text(encoding="utf-8"))
    assert "2025-11-24" in policy["note"]
    assert policy["price_table"]["rows"]
    assert run(plan_file, tmp_path / "again")[0] == 0
    for path in (tmp_path / "again").rglob("*"):
        if path.is_file():
            assert (
                path.read_bytes()
                == (tmp_path / "a" / "b" / path.relative_to(tmp_path / "again")).read_bytes()
            )


@pytest.mark.parametrize(
    "only",
    [
        ("compose", {"README.md", "deploy.sh", "deploy.env"}),
        ("router", {"README.md", "router.py", "router_policy.json"}),
    ],
)
def test_only_chooses(plan_file: Path, tmp_path: Path, only: tuple[str, set[str]]) -> None:
    assert run(plan_file, tmp_path / "out", "--only", only[0], "--quiet")[0] == 0
    assert {
        path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith("compose.")
    } == only[1]


def test_bad_input_is_reported(
    plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "file").touch()
    for to, more, expected in (
        ("full", (), "not empty, and nothing is overwritten"),
        ("file", (), "a file, not a folder"),
        ("file/x", (), "nothing can be written"),
        ("new", ("--only", "compos"), "did you mean compose?"),
        ("new", ("--only", ","), "it names nothing"),
        ("new", ("--only", "kubernetes"), "cannot be expressed there: node lab-0 has"),
        ("new\x00", (), "null byte"),
    ):
        code, reported = run(plan_file, tmp_path / to, *more)
        assert (code, expected in reported) == (2, True), (to, more, reported)
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert "this is not a time" in run(plan_file, tmp_path / "new")[1]


def test_a_plan_that_was_edited_is_refused(plan_file: Path, tmp_path: Path) -> None:
    content = json.loads(plan_file.read_text(encoding="utf-8"))
    scenario = (plan_file.parent / content["scenario_path"]).resolve()
    for key, value, expected in (
        ("placement", [], "should have at least 1"),
        ("options", 3, "should be of type"),
        ("routing", None, "should be of type"),
    ):
        (tmp_path / "plan.json").write_text(
            json.dumps({**content, key: value, "scenario_path": str(scenario)}), encoding="utf-8"
        )
        code, reported = run(tmp_path / "plan.json", tmp_path / "new")
        assert (code, expected in reported, (tmp_path / "new").exists()) == (2, True, False), (
            reported
        )


def test_a_plan_without_a_setup_is_reported(tmp_path: Path) -> None:
    source = export_cases.planned(CASES["shared"]().loaded.scenario.path, "arrival_rate_rps=5000")
    assert source.plan.status == "infeasible"
    write_plan_file(source.plan, tmp_path / "plan.json")
    assert run(tmp_path / "plan.json", tmp_path / "new")[0] == 3
    with pytest.raises(DataError):
        build_bundle(
            PlanAndScenario(
                Plan({**CASES["shared"]().plan.content, "options": []}), CASES["shared"]().loaded
            ),
            ON,
        )
