"""LiteLLM takes a bundle of classes and cases: calls go to the lanes of their class and case, and
fall back on no LLM that their class may not use.
"""

import csv
import json
import subprocess
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

from models.router import CellRouter
from planner.export.bundle_folder import write_bundle_folder
from planner.export.cells.cells_bundle import build_cells_bundle
from tests.support.outside import need
from tests.support.paths import HOME
from tests.support.plans.cells_plans import day_source

CALLS = 60
RUNNER = HOME / "tests" / "support" / "gateway_cell_calls.py"


def test_groups_hold_the_servers_of_their_lanes(tmp_path: Path) -> None:
    bundle = build_cells_bundle(day_source(tmp_path, scheduled=True), date(2026, 11, 1))
    config = yaml.safe_load(bundle.files["config.yaml"])
    ids = [entry["model_info"]["id"] for entry in config["model_list"]]
    assert len(set(ids)) == len(ids)
    groups = {entry["model_name"] for entry in config["model_list"]}
    fallbacks = {name: others for one in config["router_settings"]["fallbacks"]
                 for name, others in one.items()}  # fmt: skip
    for name, others in fallbacks.items():
        assert {name, *others} <= groups
        assert name not in others
        # Only groups of the same class: chat may go to `far`, batch may not.
        assert {other.split(".")[0] for other in others} == {name.split(".")[0]}
    assert config["litellm_settings"]["callbacks"] == ["cell_price_plugin.proxy_hook"]
    for entry in config["model_list"]:
        base = entry["litellm_params"]["api_base"].removeprefix("os.environ/")
        assert f"{base}=" in bundle.files["gateway.env"]


@pytest.mark.slow
def test_litellm_sends_calls_where_the_plan_does(tmp_path: Path) -> None:
    python = need("litellm")
    source = day_source(tmp_path)
    folder = tmp_path / "bundle"
    write_bundle_folder(build_cells_bundle(source, date(2026, 11, 1), ["litellm"]), folder)
    tables = {"chat": "scores.csv", "batch": "batch.csv"}
    for name, table in tables.items():
        (folder / f"{name}.csv").write_bytes((tmp_path / table).read_bytes())
    states = ["day", "node-lost 1"]
    done = subprocess.run(
        [python, RUNNER, folder, str(CALLS), *states],
        capture_output=True,
        text=True,
        timeout=300,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    policy = json.loads((folder / "router_policy.json").read_text(encoding="utf-8"))
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    of_group: dict[str, set[str]] = {}
    for entry in config["model_list"]:
        base = entry["litellm_params"]["api_base"].removeprefix("os.environ/API_BASE_")
        of_group.setdefault(entry["model_name"], set()).add(base)
    router = CellRouter(policy)
    for state in states:
        case, _, loss = state.partition(" ")
        router.use(case, int(loss) if loss else None)
        for name, table in tables.items():
            rows = list(csv.DictReader((folder / f"{name}.csv").read_text().splitlines()))
            wanted: Counter[str] = Counter()
            for k in range(CALLS):
                row = rows[k % len(rows)]
                scores = {llm: float(row[llm]) for llm in ("NO", "NA", "far") if llm in row}
                wanted[router.choose(scores, row["prompt_id"], name).lane] += 1
            counts = found[state][name]
            assert sum(counts.values()) == CALLS, (state, name, table)
            for lane, count in wanted.items():
                assert sum(counts.get(server, 0) for server in of_group[lane]) == count
