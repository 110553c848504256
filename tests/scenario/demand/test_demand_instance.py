"""The demand instance of a scenario, in SI units and by positions."""

from pathlib import Path

import pytest

from models.demand.requests import DemandCase, OutsideLlm
from models.instance import Headroom, ObjectiveKind, Slo
from tests.support.scenarios.demand_case import demand_fault_lines, load_day
from tests.support.scenarios.scenario_case import change


def test_everything_is_where_the_records_want_it(day: Path) -> None:
    loaded = load_day(day)
    demand = loaded.demand
    assert demand is not None
    assert demand.instance is loaded.instance
    assert demand.served == ("NO", "NA", "far")
    assert demand.cost_at_most == 40
    assert demand.instance.objective is ObjectiveKind.QUALITY
    assert demand.instance.slos == (Slo("ttft", "mean", 0.3),)
    assert [llm.name for llm in demand.instance.llms] == ["NO", "NA"]
    assert demand.instance.arrival_rate == 5
    chat, batch = demand.classes
    assert (chat.slos, batch.slos) == ((Slo("ttft", "p95", 0.5),), ())
    assert (chat.work, batch.work) == ((1, 1.5), (1, 1))
    assert (chat.quality_floor, batch.quality_floor) == (None, 0.3)
    assert (chat.weight, batch.weight) == (1, 0.5)
    assert chat.outside_usd == (pytest.approx(800 * 2e-6 + 200 * 8e-6),)
    assert batch.outside_usd == (0,)
    assert demand.outside == (
        OutsideLlm(
            name="far",
            max_rate=50,
            latency={("ttft", "mean"): pytest.approx(0.42), ("ttft", "p95"): pytest.approx(0.9)},
        ),
    )
    assert demand.cases == (
        DemandCase(name="day", hours=14, rates=(4, 1), lost_nodes=(0,)),
        DemandCase(name="night", hours=10, rates=(0, 2), lost_nodes=(0,)),
        DemandCase(
            name="node-lost",
            hours=0,
            rates=(2, 0),
            lost_nodes=(1,),
            slo_factor=1.5,
            quality_floor=0.2,
        ),
    )


def test_defaults(day: Path) -> None:
    classes = "[{name: chat}, {name: batch}]"
    cases = "[{name: day, arrival_rate_rps: {chat: 1, batch: 2}}]"
    loaded = load_day(
        day, f"classes={classes}", f"cases={cases}", "llms.0.api={usd_per_request: 0.5}"
    )
    assert loaded.demand is not None
    chat, batch = loaded.demand.classes
    assert chat.scores is batch.scores
    assert (chat.slos, chat.work, chat.weight, chat.quality_floor) == ((), (1, 1), 1, None)
    assert chat.permitted == (True, True, True)
    assert chat.outside_usd == batch.outside_usd == (0.5,)
    assert loaded.demand.outside == (OutsideLlm(name="far", max_rate=None, latency={}),)
    assert loaded.demand.cases == (DemandCase(name="day", hours=1, rates=(1, 2), lost_nodes=(0,)),)


def test_an_option_stays_while_some_class_can_use_it(day: Path) -> None:
    """The second option has no p95, which chat needs and batch does not."""
    demand = load_day(day).demand
    assert demand is not None
    assert len(demand.instance.options) == 3
    assert demand.unjudged == {(1, 0)}
    both = "[{metric: ttft, statistic: p95, limit_ms: 900}]"
    demand = load_day(day, f"classes.1.slo={both}").demand
    assert demand is not None
    assert [drop.reason for drop in demand.instance.dropped] == [
        "no percentile of TTFT, whose p95 an SLO of class chat limits"
    ]
    assert demand.unjudged == frozenset()
    demand = load_day(day, f"slo={both}").demand
    assert demand is not None
    assert demand.instance.dropped[0].reason.endswith(" whose p95 an SLO limits")


def test_an_llm_that_no_class_may_use_has_no_option(day: Path) -> None:
    overrides = ("classes.0.llms=[NA, far]", "classes.1.llms=[NA]", "classes.0.scores=scores.csv")
    demand = load_day(day, *overrides).demand
    assert demand is not None
    assert {option.llm for option in demand.instance.options} == {1}
    assert {drop.reason for drop in demand.instance.dropped} == {"no class may use NO"}
    demand = load_day(day, *overrides, "llms.1.min_replicas=1").demand
    assert demand is not None
    assert {option.llm for option in demand.instance.options} == {0, 1}


def test_places_count_outside_llms(day: Path) -> None:
    change(day / "profiles.csv", "90,180,22", "90,180,")
    change(day / "profiles.csv", "190,480,22", "190,480,")
    lines = demand_fault_lines(day, "llms.2.weights_gib=null")
    assert "scenario.yaml:llms.2.weights_gib: the memory of NA is not known" in lines


def test_faults_that_need_the_whole_scenario(day: Path) -> None:
    lines = demand_fault_lines(day, "pools.0.price_usd_per_gpu_h=null")
    assert "pools.0.price_usd_per_gpu_h: a budget needs a price" in lines
    slo = "[{metric: tpot, statistic: mean, limit_ms: 9}]"
    lines = demand_fault_lines(day, f"classes.0.slo={slo}", f"classes.1.slo={slo}")
    assert "classes.0.slo.0.statistic: no option can be judged by it" in lines


def test_a_scheduled_fleet_has_setups_by_case(day: Path) -> None:
    fixed = load_day(day)
    assert fixed.demand is not None
    assert fixed.demand.start_usd is None
    assert fixed.demand.setups == ((0, 1, 2),)
    plain = load_day(day, "fleet={mode: fixed, start_usd_per_gpu: 3}")
    assert plain.sha256 == fixed.sha256
    assert not plain.demand.scheduled
    loaded = load_day(day, "fleet={mode: scheduled, start_usd_per_gpu: 0.5}", "cases.2.of=day")
    demand = loaded.demand
    assert demand.start_usd == 0.5
    assert [case.of for case in demand.cases] == [None, None, 0]
    assert demand.setups == ((0, 2), (1,))
    assert demand.setup_of == (0, 1, 0)
    assert demand.setup_parts() == pytest.approx([14 / 24, 10 / 24])
    others = [
        load_day(day, "fleet={mode: scheduled}", "cases.2.of=day"),
        load_day(day, "fleet={mode: scheduled, start_usd_per_gpu: 0.5}", "cases.2.of=night"),
    ]
    assert len({fixed.sha256, loaded.sha256, *(other.sha256 for other in others)}) == 4


def test_a_schedule_of_one_case_is_that_case(day: Path) -> None:
    scheduled = load_day(day, "fleet={mode: scheduled}", "cases.1.of=day", "cases.2.of=day")
    assert scheduled.demand.setups == ((0, 1, 2),)


def test_headroom_is_kept_beside_the_rates_as_they_are_stated(day: Path) -> None:
    plain = load_day(day)
    free = load_day(day, "headroom={rate_pct: 10, slo_pct: 5}")
    assert plain.demand is not None
    assert free.demand is not None
    assert free.demand.instance.headroom == Headroom(rate=0.1, slo=0.05)
    assert (free.demand.rates() == plain.demand.rates()).all()
    assert free.sha256 != plain.sha256
