"""The bundle of a plan over cells: its files, kinds, and what reads them."""

import json
import subprocess
from datetime import date
from pathlib import Path

import pytest
import yaml

from models.router import CellRouter
from planner.errors import DataError
from planner.export.bundle import Bundle
from planner.export.bundle_folder import write_bundle_folder
from planner.export.cells.cells_bundle import build_cells_bundle
from tests.support.outside import need
from tests.support.plans.bundle_cases import compose_schema, documents
from tests.support.plans.cells_plans import clock_source, day_source
from tests.support.plans.cluster_schemas import crd_problems

ON = date(2026, 11, 1)


@pytest.fixture(scope="module", params=[False, True], ids=["fixed", "scheduled"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    source = day_source(Path(tmp_path_factory.mktemp("day")), scheduled=request.param)
    return build_cells_bundle(source, ON)


def test_every_setup_has_its_files(bundle: Bundle) -> None:
    scripts = {name for name in bundle.files if name.endswith(".sh")}
    several = "change.sh" in scripts
    assert scripts == ({"change.sh", "deploy-day.sh", "deploy-night.sh"} if several
                       else {"deploy.sh"})  # fmt: skip
    assert bundle.executable == scripts
    assert set(bundle.left_out) == {
        *("kubernetes", "kserve", "llm-d", "keda", "production-stack"),
        "routellm",
    }
    listed = bundle.files["README.md"].partition("## Files")[2]
    assert all(f"`{name}`" in listed for name in bundle.files if name != "README.md")
    for name, text in bundle.files.items():
        assert name.endswith(".csv") or "review before use" in text


def test_the_policy_is_read_by_the_router_beside_it(bundle: Bundle) -> None:
    router = CellRouter(json.loads(bundle.files["router_policy.json"]))
    config = yaml.safe_load(bundle.files["config.yaml"])
    groups = {entry["model_name"] for entry in config["model_list"]}
    for cell in json.loads(bundle.files["router_policy.json"])["cells"]:
        router.use(cell["case"], cell["loss"])
        for k in range(20):
            assert router.choose({}, f"p{k}", cell["class"]).lane in groups


def test_compose_files_follow_their_schema_and_share_a_project(bundle: Bundle) -> None:
    files = {n: yaml.safe_load(t) for n, t in bundle.files.items() if n.startswith("compose")}
    assert files
    for content in files.values():
        compose_schema().validate(content)
    by_node: dict[str, set[str]] = {}
    for name, content in files.items():
        by_node.setdefault(name.split(".")[-2], set()).add(content["name"])
    assert all(len(names) == 1 for names in by_node.values())


def test_what_cannot_hold_the_plan_is_refused_by_name(tmp_path: Path) -> None:
    source = day_source(tmp_path)
    with pytest.raises(DataError, match="HTTPRoute cannot change with class and case"):
        build_cells_bundle(source, ON, ["kubernetes", "router"])
    only = build_cells_bundle(source, ON, ["router"])
    assert set(only.files) == {"README.md", "router.py", "router_policy.json"}


def test_scripts_pass_shellcheck(bundle: Bundle, tmp_path: Path) -> None:
    program = need("shellcheck")
    write_bundle_folder(bundle, tmp_path / "bundle")
    scripts = sorted(bundle.executable)
    done = subprocess.run(
        [program, *scripts], cwd=tmp_path / "bundle", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_docker_compose_reads_every_file(bundle: Bundle, tmp_path: Path) -> None:
    program = need("docker-compose")
    folder = tmp_path / "bundle"
    write_bundle_folder(bundle, folder)
    lines = (folder / "deploy.env").read_text(encoding="utf-8").splitlines()
    unset = [line.partition("=")[0] for line in lines if line.endswith("=")]
    (folder / "set.env").write_text(
        "\n".join([*lines, *(f"{name}=x" for name in unset)]), encoding="utf-8"
    )
    name = next(name for name in sorted(bundle.files) if name.startswith("compose"))
    done = subprocess.run(
        [program, "--env-file", "set.env", "-f", name, "config", "--format", "json"],
        cwd=folder,
        env={"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["services"]


def test_a_schedule_of_whole_gpus_is_one_for_keda_and_bounds_for_kserve(tmp_path: Path) -> None:
    made = build_cells_bundle(clock_source(tmp_path, scheduled=True), ON)
    assert set(made.left_out) == {"kubernetes", "llm-d", "production-stack", "routellm"}
    windows = set()
    for one in documents(made.files["keda/schedule.yaml"]):
        assert crd_problems(one) == []
        windows |= {
            (trigger["metadata"]["start"], trigger["metadata"]["end"])
            for trigger in one["spec"]["triggers"]
        }
    assert windows == {("30 6 * * *", "0 21 * * *")}
    services = documents(made.files["kserve/llm-inference-services.yaml"])
    for one in services:
        assert crd_problems(one) == []
    scaled = [one["spec"]["scaling"] for one in services if "scaling" in one["spec"]]
    assert scaled
    assert all(float(one["wva"]["variantCost"]) == 2.0 for one in scaled)
    text = made.files["README.md"]
    assert "keda/schedule.yaml" in text
    assert "## Or: start them with KServe" in text


def test_classes_of_one_setup_have_pools_and_priorities(tmp_path: Path) -> None:
    made = build_cells_bundle(clock_source(tmp_path, scheduled=False), ON, ["llm-d"])
    objectives = documents(made.files["llm-d/objectives.yaml"])
    for one in (*objectives, *documents(made.files["llm-d/route.yaml"])):
        assert crd_problems(one) == []
    # Of the two classes chat alone has limits of its own.
    priorities = {
        one["metadata"]["annotations"]["plan-class"]: one["spec"]["priority"] for one in objectives
    }
    assert priorities == {"chat": 10, "batch": 0}
    assert set(made.files) >= {"README.md", "llm-d/pools.yaml"}
    assert "x-plan-pool" in made.files["README.md"]
