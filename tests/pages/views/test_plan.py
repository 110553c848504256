"""The page Plan: sentences and numbers of every example, a simulation, the name it is kept as."""

from copy import deepcopy
from dataclasses import replace

import pytest

from app_pages.widgets.markdown import plain_markdown
from planner.packed_files import PAGE_EXAMPLES
from planner.presentation.plan.story import idle_llms, story_lines
from tests.support.page.page_app import knob, opened, settle, solved, words


@pytest.mark.parametrize("example", PAGE_EXAMPLES)
def test_every_example_is_shown_in_words_and_numbers(example: str) -> None:
    app = opened(example=example)
    content = app.session_state["shown"].content
    reported = words(app)
    for sentence in story_lines(content):
        assert plain_markdown(sentence) in reported
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Quality (mean score)"] == f"{content['quality']:.5f}"
    assert values["GPUs used"] == f"{content['gpus_used']}"
    assert any("verified" in one.value and "badge" in one.value for one in app.markdown)
    assert len([label for label in values if label.endswith(" (ms)")]) == len(content["slo"])


def test_a_plan_is_simulated() -> None:
    app = opened(example="from-benchmarks")
    app.button(key="simulate").click().run()
    settle(app, "simulation")
    app.run()
    found = app.session_state["job-slots"]["simulation"].outcome
    assert plain_markdown(found.result["verdict"]) in words(app)


def test_the_latency_chart_opens_with_the_slo_of_the_plan_shown() -> None:
    app = opened(example="from-benchmarks")
    for example, header in (
        ("from-benchmarks", "TTFT mean (ms)"),
        ("percentile-slo", "TTFT p95 (ms)"),
    ):
        box = next(one for one in app.selectbox if one.label == "Scenario")
        if box.value != example:
            app = solved(box.set_value(example).run()).run()
        first = app.session_state["shown"].meta["slos"][0]["header"]
        latency = next(one for one in app.selectbox if one.label == "Latency")
        assert latency.value == first == header


def test_a_plan_gets_the_name_that_it_is_given() -> None:
    app = opened()
    app.text_input(key="plan-name").set_value("before <b>the</b> move").run()
    assert list(app.session_state["saved"]) == ["before <b>the</b> move"]
    app.switch_page("views/inputs.py").run()
    knob(app, "arrival_rate_rps").set_value(20.0).run()
    app.button(key="load-earlier").click().run()
    assert knob(app, "arrival_rate_rps").value != 20.0
    assert not app.exception


def test_limits_that_a_simulation_misses_are_a_warning_with_a_way_out() -> None:
    app = opened()
    assert not any("random arrivals" in one.value for one in app.warning)
    shown = app.session_state["shown"]
    content = deepcopy(shown.content)
    [interval] = content["context"]["simulated"]["slo"]
    interval |= {"low_ms": 200.0, "high_ms": 300.0, "verdict": "misses"}
    app.session_state["shown"] = replace(shown, view=replace(shown.view, content=content))
    app.run()
    [line] = [one.value for one in app.warning if "random arrivals" in one.value]
    assert "mean TTFT 200.0 to 300.0 ms (limit 150)" in line.replace("\\", "")
    app.button(key="solve-with-room").click().run()
    solved(app)
    after = app.session_state["shown"].content
    assert after["context"]["headroom"]["rate_pct"] == 20.0
    assert "Achieved: planned at 84 req/s (70 + 20 % headroom)." in words(app).replace("\\", "")
    assert after["context"]["arrival_rate_rps"] == content["context"]["arrival_rate_rps"]


def test_curves_that_an_slo_leaves_out_are_a_warning_with_the_tab_that_lists_them() -> None:
    app = opened()
    assert not any("not used" in one.value for one in app.warning)
    shown = app.session_state["shown"]
    content = deepcopy(shown.content)
    left = {"llm": "llama-3.1-8b", "pool": "h100", "tp_degree": 1, "mps_share_pct": 100}
    left["reason"] = "no mean TPOT, which an SLO limits"
    content["context"]["dropped"].append(left)
    app.session_state["shown"] = replace(shown, view=replace(shown.view, content=content))
    app.run()
    [line] = [one.value for one in app.warning if "not used" in one.value]
    said = "1 curve of llama-3.1-8b is not used: no mean TPOT, which an SLO limits."
    assert line.replace("\\", "") == f"{said} All of them: tab Left out."


def test_llms_that_a_plan_leaves_out_are_made_to_run() -> None:
    app = opened(example="cheapest-floor")
    knob(app, "arrival_rate_rps").set_value(3.0).run()
    app.button(key="solve").click().run()
    app = solved(app)
    assert idle_llms(app.session_state["shown"].content) == ["mistral-small-24b"]
    app.button(key="solve-with-all").click().run()
    app = solved(app)
    content = app.session_state["shown"].content
    assert idle_llms(content) == []
    assert all(llm["min_replicas"] == 1 for llm in content["context"]["llms"])
    assert "What it costs that an LLM must run" in words(app)
