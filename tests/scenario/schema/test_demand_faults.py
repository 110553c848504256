"""Faults between the keys of classes, cases and LLMs outside."""

from pathlib import Path

import pytest

from tests.support.scenarios.demand_case import (
    demand_fault_lines,
    demand_faults_of,
    load_day,
    rates_in_a_table,
)
from tests.support.scenarios.scenario_case import change

API = "llms.0.api="


@pytest.mark.parametrize(
    ("override", "where", "words"),
    [
        ("classes.1.name=chat", "classes.1.name", "already used at classes.0"),
        ("cases.1.name=day", "cases.1.name", "already used at cases.0"),
        ("classes=[]", "classes", "the list is empty"),
        ("cases=[]", "cases", "the list is empty"),
        ("arrival_rate_rps=5", "arrival_rate_rps", "set cases.0.arrival_rate_rps"),
        ("cases=null", "arrival_rate_rps", "missing; add it"),
        ("cases.0.arrival_rate_rps=null", "cases.0.arrival_rate_rps", "add it ({chat: req/s, ba"),
        (
            "cases.0.arrival_rate_rps={chat: 1}",
            "cases.0.arrival_rate_rps",
            "the class batch is not",
        ),
        ("cases.0.arrival_rate_rps=7", "cases.0.arrival_rate_rps", "write {chat: req/s, batch:"),
        ("cases.0.arrival_rate_rps.chat=-1", "cases.0.arrival_rate_rps.chat", "0 or more"),
        ("cases.0.arrival_rate_rps.chat=1e-4", "cases.0.arrival_rate_rps.chat", "0, or 0.001"),
        ("cases.0.arrival_rate_rps.chat='1'", "cases.0.arrival_rate_rps.chat", "without quotes"),
        ("cases.0.arrival_rate_rps.chta=1", "cases.0.arrival_rate_rps.chta", "mean chat?"),
        ("cases.0.arrival_rate_rps=[1]", "cases.0.arrival_rate_rps", "must be a number"),
        ("cases.0.hours=-1", "cases.0.hours", "0 or more"),
        ("cases.0.slo_factor=0", "cases.0.slo_factor", "0.01 or more"),
        ("cases.0.of=day", "cases.0.of", "delete it, or state fleet: {mode: scheduled}"),
        ("cases.0.lost_nodes={b: 1}", "cases.0.lost_nodes.b", "there is no such pool"),
        ("cases.0.lost_nodes={a: 3}", "cases.0.lost_nodes.a", "the pool has 2 nodes"),
        ("cases.0.lost_nodes={a: -1}", "cases.0.lost_nodes.a", "0 or more"),
        ("cases.0.lost_nodes=1", "cases.0.lost_nodes", "{name: number}"),
        ("classes.0.llms=[NO, nope]", "classes.0.llms.1", "there is no such LLM"),
        ("classes.0.llms=[NO, NO]", "classes.0.llms.1", "named twice"),
        ("classes.0.llms=[]", "classes.0.llms", "the list is empty"),
        ("classes.0.work=0", "classes.0.work", "0.001 or more"),
        ("classes.0.work={NO: -1}", "classes.0.work.NO", "0.001 or more"),
        ("classes.0.work={nope: 2}", "classes.0.work.nope", "there is no such LLM"),
        ("classes.0.work={far: 2}", "classes.0.work.far", "has no load"),
        ("classes.0.weight=0", "classes.0.weight", "1e-06 or more"),
        ("classes.0.slo.0.statistic=p96", "classes.0.slo.0.statistic", "mean, p50, p90"),
        ("classes.0.input_tokens=null", "classes.0.input_tokens", "the price of far needs it"),
        ("llms.0.weights_gib=1", "llms.0.weights_gib", "this one has an api"),
        ("llms.0.min_replicas=1", "llms.0.min_replicas", "this one has an api"),
        ("llms.0.max_replicas=1", "llms.0.max_replicas", "this one has an api"),
        (f"{API}{{}}", "llms.0.api", "the LLM has no price"),
        (f"{API}{{usd_per_request: -1}}", "llms.0.api.usd_per_request", "0 or more"),
        (f"{API}{{usd_per_request: 1, latency_ms: 3}}", "llms.0.api.latency_ms", "unknown"),
        ("llms.0.api.usd_per_request=1", "llms.0.api.usd_per_1m_input_tokens", "two prices"),
        (
            f"{API}{{usd_per_1m_input_tokens: 1}}",
            "llms.0.api.usd_per_1m_output_tokens",
            "both prices",
        ),
        ("objective.cost_at_most_usd_per_h=-1", "objective.cost_at_most_usd_per_h", "0 or more"),
    ],
)
def test_each_fault_has_its_place_and_fix(day: Path, override: str, where: str, words: str) -> None:
    faults = [fault for fault in demand_faults_of(day, override) if fault.where == where]
    assert any(words in str(fault) for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("cases:", "arrival_rate_rps: 4\ncases:", "arrival_rate_rps", "delete arrival_rate_rps"),
        ("cases:", "demand: demand.csv\ncases:", "cases.0.arrival_rate_rps", "delete it, or"),
    ],
)
def test_faults_of_the_file(day: Path, old: str, new: str, where: str, words: str) -> None:
    change(day / "scenario.yaml", old, new)
    faults = [fault for fault in demand_faults_of(day) if fault.where == where]
    assert any(words in str(fault) for fault in faults)


SCHEDULED = "fleet={mode: scheduled}"


@pytest.mark.parametrize(
    ("overrides", "where", "words"),
    [
        ((), "cases.2.of", "a case with lost nodes has no setup; name the case whose setup it"),
        (("cases.2.lost_nodes={}",), "cases.2.of", "a case of 0 hours has no setup"),
        (("cases.2.of=nihgt",), "cases.2.of", "there is no such case"),
        (("cases.2.of=node-lost",), "cases.2.of", "name one without `of`: day, night"),
        (("cases.1.of=day", "cases.2.of=night"), "cases.2.of", "has no setup of its own"),
        (("cases.2.of=day", "fleet.mode=fixed"), "cases.2.of", "delete it, or state fleet"),
        (("fleet.mode=sometimes",), "fleet.mode", "write fixed or scheduled"),
        (("fleet.start_usd_per_gpu=-1",), "fleet.start_usd_per_gpu", "0 or more"),
        (("fleet=scheduled",), "fleet", "must be keys and values"),
    ],
)
def test_faults_of_scheduled_fleets(
    day: Path, overrides: tuple[str, ...], where: str, words: str
) -> None:
    faults = [f for f in demand_faults_of(day, SCHEDULED, *overrides) if f.where == where]
    assert any(words in str(fault) for fault in faults), demand_faults_of(day, *overrides)


def test_a_table_and_an_override_of_other_rates(day: Path) -> None:
    """Only rates that the file states beside a table are a fault."""
    change(day / "scenario.yaml", "cases:", "demand: demand.csv\ncases:")
    rates = [fault.where for fault in demand_faults_of(day, "cases.0.arrival_rate_rps.chat=9")]
    assert rates == [f"cases.{t}.arrival_rate_rps" for t in range(3)]


def test_nothing_arrives(day: Path) -> None:
    quiet = ["cases.0.hours=0", "cases.1.hours=0"]
    assert "no request arrives" in demand_fault_lines(day, *quiet)
    rates = [f"cases.{t}.arrival_rate_rps={{chat: 0, batch: 0}}" for t in (0, 1)]
    assert "scenario.yaml:cases: no request arrives" in demand_fault_lines(day, *rates)
    load_day(day, rates[0])


def test_a_table_needs_classes_and_cases(day: Path) -> None:
    rates_in_a_table(day)
    assert "demand: a table of rates needs cases" in demand_fault_lines(day, "cases=null")
    assert "demand: a table of rates needs classes" in demand_fault_lines(day, "classes=null")


def test_prices_by_tokens_need_classes(day: Path) -> None:
    lines = demand_fault_lines(
        day, "classes=null", "cases=null", "arrival_rate_rps=5", "objective={maximize: quality}"
    )
    assert "llms.0.api.usd_per_1m_input_tokens: a price by tokens needs classes" in lines


def test_every_llm_outside(day: Path) -> None:
    lines = demand_fault_lines(day, "llms=[{name: far, api: {usd_per_request: 1}}]")
    assert "llms: every LLM is outside" in lines


def test_values_by_name_can_be_overridden(day: Path) -> None:
    demand = load_day(day, "classes.1.work.NO=2", "cases.0.lost_nodes.a=2").demand
    assert demand is not None
    assert demand.classes[1].work == (2, 1)
    assert demand.cases[0].lost_nodes == (2,)


def test_all_faults_at_once(day: Path) -> None:
    change(day / "batch.csv", "b1,0.5", "b1,x")
    faults = demand_faults_of(
        *(day, "classes.0.llms=[nope]", "cases.1.name=day", "cases.2.lost_nodes.a=9"),
        *("llms.0.weights_gib=3", "classes.1.work=0"),
    )
    assert len(faults) >= 6
    assert {Path(fault.file).name for fault in faults} == {"--set", "batch.csv"}
