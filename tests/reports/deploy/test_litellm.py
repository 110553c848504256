"""LiteLLM itself takes an exported bundle: its calls go where the plan sends them."""

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.errors import DataError
from planner.export.bundle import build_bundle
from planner.export.bundle_folder import write_bundle_folder
from planner.export.deployment import FLEET, build_deployment
from reports.deploy.weights import SHARES
from tests.support.outside import need
from tests.support.paths import HOME
from tests.support.plans import export_cases
from tests.support.plans.bundle_cases import (
    CASES,
    deployment,
    documents,
    every_case,
    exported,
    servers,
)
from tests.support.plans.export_cases import ON
from tests.support.walls import wall_size

CALLS = wall_size(400, 1_000)
RUNNER = HOME / "tests" / "support" / "gateway_calls.py"

Counts = dict[str, dict[str, int]]


def count_calls(folder: Path) -> Counts:
    """How many calls each server got, of a plan with several servers an LLM at different rates."""
    python = need("litellm")
    source = export_cases.shared()
    write_bundle_folder(build_bundle(source, ON, ["litellm"]), folder)
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


@pytest.mark.slow
def test_litellm_sends_calls_where_the_plan_does(tmp_path: Path) -> None:
    # One test, since LiteLLM takes long to import.
    counted = count_calls(tmp_path)
    assert len(planned()) > 2
    for road in ("weights", "plugin"):
        assert_near(counted[road], {name: fraction for name, (_, fraction) in planned().items()})
    of_llms: dict[str, float] = {}
    for llm, fraction in planned().values():
        of_llms[llm] = of_llms.get(llm, 0.0) + fraction
    assert_near(counted["hook"], of_llms)
    # One LLM is down: the others answer.
    assert sum(counted["down"].values()) == 40
    assert len({planned()[name][0] for name in counted["down"]}) == len(of_llms) - 1


def test_the_plugin_knows_the_group_of_all() -> None:
    assert f'FLEET = "{FLEET}"' in exported("trio").files["dual_price_plugin.py"]


@every_case
def test_litellm_s_weights_are_the_fractions(name: str) -> None:
    (config,) = documents(exported(name).files["config.yaml"])
    reported = {row["name"]: row for _, row in servers(name)}
    groups: dict[str, int] = {}
    for model in config["model_list"]:
        groups[model["model_name"]] = (
            groups.get(model["model_name"], 0) + model["litellm_params"]["weight"]
        )
        row = reported[model["model_info"]["id"].removeprefix(f"{FLEET}-")]
        part = row["fraction"] if model["model_name"] == FLEET else row["share_of_llm"]
        assert model["litellm_params"]["weight"] == pytest.approx(SHARES * part, abs=1.0)
    assert set(groups.values()) == {SHARES}
    assert set(groups) == {FLEET} | {row["llm"] for row in reported.values()}


def test_the_threshold_does_what_the_prices_do() -> None:
    source = CASES["whole"]()
    reported = json.loads(exported("whole").files["routellm.json"])
    scores, prices = source.loaded.instance.scores.values, source.plan.content["dual_prices"]
    by_label = dict(zip((llm.name for llm in source.loaded.instance.llms), scores, strict=True))
    strong, weak = by_label[reported["strong_model"]], by_label[reported["weak_model"]]
    rate = (1.0 + (strong - weak) / reported["scale"]) / 2.0
    net = (strong - prices[reported["strong_model"]]) - (weak - prices[reported["weak_model"]])
    clear = np.abs(net) > 1e-9
    assert np.array_equal(rate[clear] >= reported["threshold"], net[clear] > 0.0)
    assert math.isclose(
        (rate >= reported["threshold"]).mean(),
        reported["planned_fraction_of_strong"],
        abs_tol=reported["planned_fraction_tied"] + 1e-9,
    )


def test_scores_of_another_scale_are_scaled() -> None:
    wide = deployment("whole")
    from_one, from_ten = (largest_difference_threshold(wide, widest) for widest in (1.0, 10.0))
    assert (from_one["scale"], from_ten["scale"]) == (1.0, 10.0)
    assert from_ten["threshold"] - 0.5 == pytest.approx((from_one["threshold"] - 0.5) / 10.0)


def largest_difference_threshold(reported: dict[str, Any], widest: float) -> dict[str, Any]:
    from reports.deploy.litellm import litellm_routellm_threshold

    return litellm_routellm_threshold(reported, widest)


def test_a_threshold_is_for_two_llms() -> None:
    assert "2" not in exported("trio").left_out["routellm"]
    assert "routellm.json" not in exported("trio").files
    with pytest.raises(DataError, match="for two LLMs, and requests go to 3"):
        build_bundle(CASES["trio"](), ON, ["routellm"])
