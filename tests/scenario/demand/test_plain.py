"""One class in one case is a scenario of today, and everything more is not."""

from pathlib import Path

import numpy as np
import pytest

from planner.scenario.assemble import assemble_instance
from planner.scenario.demand.plain import stated_demand_place
from planner.scenario.load import load_scenario
from profiles.io.faults import DataError
from tests.support.paths import EXAMPLES
from tests.support.scenarios.demand_case import load_day
from tests.support.scenarios.scenario_case import change

HASHES = {
    "cheapest-floor/scenario": "eaaea48ea89583eeb9c494c8d92a287438ebdd0142d7178c282926f0488d1a27",
    "from-benchmarks/scenario": "fc30725b4b524700c7c53bbb5618318a510a0c3de876ca2c14f192f05926bb00",
    "paper-study/4xa100": "02be2eaba91ea69531c1723cc2ab1ed9119ad9c54704422f5e7bf10f3addc584",
    "paper-study/8xa100": "2ee6c66d3f4438e832cca1432d4570fdefecbe4e23f0ffa86f7c65b3d38af02f",
    "paper-trio/scenario": "3ea7d17b0f046f030dd749abad01cc72bb5e1ba80865980e437b6f001217dd67",
    "percentile-slo/scenario": "d02a3228f6640229d438d0ffab11e5b990e45ae3e33465924d6d8475bb207d62",
    "two-gpu-types/scenario": "20ab1b81297df6311a64d681dda91e9fc8f274e55693f3582d4eae685e2a3da3",
}
"""Of the version before classes and cases: plans of that version must stay valid."""

RATE = "arrival_rate_rps: 5\n"
SLOS = "slo:\n  - {metric: ttft, statistic: mean, limit_ms: 300}\n"


@pytest.mark.parametrize("name", HASHES)
def test_older_scenarios_keep_their_hash(name: str) -> None:
    loaded = assemble_instance(EXAMPLES / f"{name}.yaml")
    assert loaded.sha256 == HASHES[name]
    assert loaded.demand is None
    assert stated_demand_place(loaded.scenario.spec) == ""


@pytest.mark.parametrize(
    "keys",
    [
        "arrival_rate_rps: 5\nclasses: [{name: chat, weight: 3, input_tokens: 9, work: 1}]\n",
        "arrival_rate_rps: {chat: 5}\nclasses: [{name: chat, llms: [NA, NO], work: {NO: 1}}]\n",
        "cases: [{name: day, arrival_rate_rps: 5, hours: 3, lost_nodes: {a: 0}}]\n",
        "classes: [{name: chat, scores: scores.csv}]\n"
        "cases: [{name: day, arrival_rate_rps: {chat: 5}}]\n",
        "classes: [{name: chat}]\ncases: [{name: day, arrival_rate_rps: 5}]\n",
        "classes: [{name: chat}]\ncases: [{name: day}]\ndemand: demand.csv\n",
    ],
)
def test_a_single_class_in_a_single_case_is_plain(case: Path, keys: str) -> None:
    plain = assemble_instance(case / "scenario.yaml")
    (case / "demand.csv").write_text("case,class,rate_rps\nday,chat,5\n", encoding="utf-8")
    change(case / "scenario.yaml", RATE, keys)
    loaded = assemble_instance(case / "scenario.yaml")
    assert loaded.demand is None
    assert loaded.sha256 == plain.sha256
    assert loaded.scenario.spec == plain.scenario.spec
    assert loaded.instance.slos == plain.instance.slos
    assert loaded.instance.arrival_rate == 5
    np.testing.assert_array_equal(loaded.instance.scores.values, plain.instance.scores.values)


def test_slos_of_the_only_class_join_those_at_the_top(case: Path) -> None:
    both = "slo: [{metric: ttft, statistic: mean, limit_ms: 300}, SECOND]\n"
    second = "{metric: ttft, statistic: p95, limit_ms: 900, scope: each_llm}"
    file = case / "scenario.yaml"
    change(file, SLOS, both.replace("SECOND", second))
    plain = assemble_instance(file)
    change(file, both.replace("SECOND", second), SLOS)
    change(file, RATE, f"{RATE}classes: [{{name: chat, slo: [{second}]}}]\n")
    loaded = assemble_instance(file, ["classes.0.slo.0.limit_ms=900"])
    assert loaded.instance.slos == plain.instance.slos
    assert loaded.sha256 == plain.sha256
    assert loaded.scenario.overrides == {"classes.0.slo.0.limit_ms": 900}
    assert load_scenario(file).spec.slo == loaded.scenario.spec.slo


def test_overrides_of_a_plain_scenario_lead_into_its_file(case: Path) -> None:
    """Sweeps and reports vary the rate and the SLOs of the scenario that they were given."""
    file = case / "scenario.yaml"
    plain = assemble_instance(file, ["arrival_rate_rps=6", "slo.0.limit_ms=250"]).sha256
    change(file, SLOS, "slo: []\n")
    keys = "classes: [{name: chat, slo: [{metric: ttft, statistic: mean, limit_ms: 300}]}]\n"
    change(file, RATE, f"{keys}cases: [{{name: day, arrival_rate_rps: 5}}]\n")
    loaded = assemble_instance(file, ["arrival_rate_rps=6", "slo.0.limit_ms=250"])
    assert loaded.sha256 == plain
    assert loaded.scenario.overrides == {"arrival_rate_rps": 6, "slo.0.limit_ms": 250}
    for override in ("slo.1.limit_ms=9", "arrival_rate_rps=-1"):
        with pytest.raises(DataError, match="--set:"):
            assemble_instance(file, [override])


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ("classes: [{name: chat, work: 2}]\n", "classes"),
        ("classes: [{name: chat, work: {NA: 2}}]\n", "classes"),
        ("classes: [{name: chat, llms: [NA]}]\n", "classes"),
        ("classes: [{name: chat, quality_at_least: 0.1}]\n", "classes"),
        ("cases: [{name: day, arrival_rate_rps: 5, slo_factor: 2}]\n", "cases"),
        ("cases: [{name: day, arrival_rate_rps: 5, quality_at_least: 0.1}]\n", "cases"),
        ("cases: [{name: day, arrival_rate_rps: 5, lost_nodes: {a: 1}}]\n", "cases"),
    ],
)
def test_what_says_more_is_not_plain_and_is_refused(case: Path, keys: str, place: str) -> None:
    change(case / "scenario.yaml", RATE, keys if keys.startswith("cases") else RATE + keys)
    with pytest.raises(DataError) as caught:
        assemble_instance(case / "scenario.yaml")
    [fault] = caught.value.faults
    assert fault.where == place
    assert fault.problem.startswith("this command does not plan classes, cases, outside LLMs or a")
    assert fault.fix
    loaded = load_day(case)
    assert loaded.demand is not None
    assert loaded.sha256 != assemble_plain(case, keys)


def assemble_plain(case: Path, keys: str) -> str:
    text = (case / "scenario.yaml").read_text(encoding="utf-8")
    bare = text.replace(keys, RATE if keys.startswith("cases") else "")
    (case / "scenario.yaml").write_text(bare, encoding="utf-8")
    return assemble_instance(case / "scenario.yaml").sha256


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("{maximize: quality}", "{maximize: quality, cost_at_most_usd_per_h: 9}", "objective.cost"),
        ("- {name: NO, weights_gib: 10}", "- {name: NO, api: {usd_per_request: 1}}", "llms.0.api"),
    ],
)
def test_a_budget_and_an_outside_llm_are_not_plain(
    case: Path, old: str, new: str, place: str
) -> None:
    change(case / "scenario.yaml", old, new)
    with pytest.raises(DataError) as caught:
        assemble_instance(case / "scenario.yaml")
    assert caught.value.faults[0].where.startswith(place)
    demand = load_day(case).demand
    assert demand is not None
    assert [one.name for one in demand.classes] == ["all"]
    assert [one.name for one in demand.cases] == ["steady"]
