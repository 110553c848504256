"""Which option a server runs."""

from dataclasses import replace

import pytest

from planner.errors import DataError
from planner.monitoring.metered_options import MeteredOptions, sort_metered_series
from planner.plans.option_index import OptionIndex
from planner.plans.plan_and_scenario import PlanAndScenario
from profiles.importers.identify import Given
from tests.support.scenarios.played_day import PlayedDay, metered_day, play_day

HOUR = PlayedDay(seconds=3600.0)


def named(source: PlanAndScenario, name: str, given: Given) -> MeteredOptions:
    """The servers of an hour; the one of alpha says another model name."""
    instance = source.loaded.instance
    deployed = OptionIndex(instance).deployed(source.plan.content["options"])
    series = [
        one._replace(labels={**one.labels, "model_name": name})
        if one.labels["model_name"] == "alpha"
        else one
        for one in play_day(HOUR)
    ]
    return sort_metered_series(series, given, instance, deployed)


def test_windows_go_to_the_option_of_the_llm(source: PlanAndScenario):
    metered = metered_day(source, HOUR)
    assert metered.servers == 2
    assert [one.llm for one in metered.options] == ["alpha", "beta"]
    assert all(len(one.all) == 12 for one in metered.options)
    assert metered.end - metered.start == pytest.approx(3600.0)
    starts = [one.window.start for one in metered.options[0].all]
    assert starts == sorted(starts)
    assert not metered.notices


@pytest.mark.parametrize("name", ["Alpha", "al-pha", "AL.PHA"])
def test_a_name_may_be_written_as_a_label(source: PlanAndScenario, name: str):
    assert all(one.all for one in named(source, name, Given()).options)


def test_a_server_of_another_llm_is_left_out_and_its_option_has_none(source: PlanAndScenario):
    metered = named(source, "gamma", Given())
    assert [bool(one.all) for one in metered.options] == [False, True]
    assert "no option of this plan" in metered.notices[0]
    assert metered.notices[1].startswith(
        "alpha on GPU-X, tp1 100 %: none of 1 planned replicas have metrics"
    )
    assert not metered.is_whole


def test_a_mapping_says_what_a_server_runs(source: PlanAndScenario):
    given = Given(servers=(({"model_name": "gam*"}, {"llm": "alpha", "replicas": 2}),))
    metered = named(source, "gamma", given)
    assert all(one.all for one in metered.options)
    assert metered.options[0].all[0].replicas == 2


def test_a_mapping_that_says_another_option_leaves_the_server_out(source: PlanAndScenario):
    given = Given(servers=(({"model_name": "alpha"}, {"tp": 2}),))
    assert [bool(one.all) for one in metered_day(source, HOUR, servers=given.servers).options] == [
        False,
        True,
    ]


def test_an_llm_in_two_options_needs_a_mapping(source: PlanAndScenario):
    instance = source.loaded.instance
    deployed = list(OptionIndex(instance).deployed(source.plan.content["options"]))
    half = replace(instance.options[deployed[0].position], mps_share=0.5)
    two = replace(instance, options=(*instance.options, half))
    deployed.append(replace(deployed[0], position=len(instance.options)))
    with pytest.raises(DataError, match=r"tp1 100 % or alpha on GPU-X, tp1 50 %"):
        sort_metered_series(play_day(HOUR), Given(), two, deployed)
    given = Given(servers=(({"model_name": "alpha"}, {"share": 50}),))
    metered = sort_metered_series(play_day(HOUR), given, two, deployed)
    assert [bool(one.all) for one in metered.options] == [False, True, True]


@pytest.mark.parametrize(
    ("names", "word"),
    [((), "no vLLM or SGLang server"), (("other",), "none of 2 servers runs an option")],
)
def test_no_server_of_the_plan_is_a_fault(source: PlanAndScenario, names: tuple, word: str):
    instance = source.loaded.instance
    deployed = OptionIndex(instance).deployed(source.plan.content["options"])
    series = (
        [one._replace(labels={**one.labels, "model_name": names[0]}) for one in play_day(HOUR)]
        if names
        else []
    )
    with pytest.raises(DataError, match=word):
        sort_metered_series(series, Given(), instance, deployed)
