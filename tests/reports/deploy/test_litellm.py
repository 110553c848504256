"""LiteLLM itself takes an exported bundle: ten thousand calls go where the plan sends them."""

import json
import math
import shutil
import subprocess

import pytest

from planner.export.bundle import build_bundle
from planner.export.bundle_folder import write_bundle
from planner.export.deployment import build_deployment
from tests.support import export_cases
from tests.support.export_cases import ON
from tests.support.outside import need
from tests.support.paths import HOME

CALLS = 10_000
RUNNER = HOME / "tests" / "support" / "gateway_calls.py"

Counts = dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    """How many calls each server got, of a plan with several servers an LLM at different rates."""
    python = need("litellm")
    source, folder = export_cases.shared(), tmp_path_factory.mktemp("bundle")
    write_bundle(build_bundle(source, ON, ["litellm"]), folder)
    shutil.copy(source.loaded.scenario.path.parent / "scores.csv", folder)
    command = [python, RUNNER, folder, str(CALLS), "7"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=900,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: Counts = json.loads(done.stdout)
    return found


def planned() -> dict[str, tuple[str, float]]:
    """Server -> (its LLM's label, its fraction of all requests)."""
    source = export_cases.shared()
    nodes = build_deployment(source.plan.content, source.loaded.instance, ON)["nodes"]
    return {row["name"]: (row["llm"], row["fraction"]) for node in nodes for row in node["servers"]}


def assert_near(counts: dict[str, int], fractions: dict[str, float]) -> None:
    """Within four standard errors of a binomial count."""
    assert sum(counts.values()) == CALLS
    assert set(counts) <= set(fractions)
    for name, fraction in fractions.items():
        error = 4.0 * math.sqrt(fraction * (1.0 - fraction) / CALLS)
        assert abs(counts.get(name, 0) / CALLS - fraction) <= error, (name, counts, fractions)


@pytest.mark.parametrize("road", ["weights", "plugin"])
def test_every_server_gets_its_fraction(counted: Counts, road: str) -> None:
    assert len(planned()) > 2
    assert_near(counted[road], {name: fraction for name, (_, fraction) in planned().items()})


def test_the_proxy_s_hook_names_the_llm(counted: Counts) -> None:
    fractions: dict[str, float] = {}
    for llm, fraction in planned().values():
        fractions[llm] = fractions.get(llm, 0.0) + fraction
    assert_near(counted["hook"], fractions)


def test_when_an_llm_is_down_the_others_answer(counted: Counts) -> None:
    llms = {planned()[name][0] for name in counted["down"]}
    assert sum(counted["down"].values()) == 40
    assert len(llms) == len({llm for llm, _ in planned().values()}) - 1
