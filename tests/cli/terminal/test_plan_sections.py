"""Sections of the plan's report: latencies of further SLOs, ties, alternatives."""

import io
from typing import Any

from rich.console import Console

from models.instance import Slo
from planner.cli.terminal.plan_sections import (
    print_alternatives_section,
    print_setup_section,
    router_section_line,
)
from planner.plans.plan_content import build_plan_content
from planner.plans.tables import plan_tables
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import SETTINGS, loaded, solved, trio


def console() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=80), stream


def test_the_first_slo_is_in_the_setup_and_others_below() -> None:
    slos = (Slo("ttft", "mean", 9.0), Slo("ttft", "p99", 9.0), Slo("e2e", "mean", 9.0))
    instance = trio(slos=slos)
    content = build_plan_content(
        loaded(instance), solved(instance, shadow_prices=None), SETTINGS, {}
    ).content
    out, stream = console()
    print_setup_section(out, content, plan_tables(content)["setup"])
    setup, _, others = stream.getvalue().partition("Latency at the rate of one replica")
    assert "mean (ms)" in setup
    assert "p99" not in setup
    assert "p99 (ms)" in others
    assert "E2E" in others


def test_ties_are_weighed() -> None:
    content: Any = built_plan().content
    assert router_section_line(content).endswith("no prompt ties.")
    tie = {"llms": ["a", "b"], "share": 0.001, "split": [0.5, 0.5]}
    tied = {**content, "router": {**content["router"], "ties": [tie, tie]}}
    assert "0.20 % of the prompts tie" in router_section_line(tied)


def test_without_alternatives_nothing_is_printed() -> None:
    out, stream = console()
    print_alternatives_section(out, built_plan().content)
    assert stream.getvalue() == ""
