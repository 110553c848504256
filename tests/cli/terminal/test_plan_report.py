"""The report: fits 80 columns, reads no markup out of names, says what ui.md asks for, whatever the
status.
"""

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from models.instance import Instance, Slo
from planner.cli.terminal.plan_report import (
    print_plan_report,
    print_plan_verdict,
    print_short_plan_report,
)
from planner.plans.plan_content import build_plan_content
from planner.solution import Solution
from tests.support.plans.handmade import SETTINGS, fleet, infeasible, loaded, solved, trio, unsolved

NASTY = (
    "[bold]mistral[/bold]",
    "[/] :smile: [link=x]",
    "a-name-that-goes-on-and-on-beyond-every-column-that-a-terminal-has-ever-had",
)


def report(instance: Instance, solution: Solution, width: int = 80, **kwargs: object) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, markup=False, emoji=False, highlight=False, **kwargs
    )  # type: ignore[arg-type]
    print_plan_report(
        build_plan_content(loaded(instance), solution, SETTINGS, {}),
        console,
        {"plan.json": "out/plan.json"},
    )
    return stream.getvalue()


def cases() -> Sequence[tuple[Instance, Solution]]:
    many = tuple(
        Slo(metric, statistic, 9.0)
        for metric, statistic in [
            ("ttft", "mean"),
            ("ttft", "p50"),
            ("ttft", "p90"),
            ("e2e", "mean"),
        ]
    )
    tight = trio(slos=(Slo("ttft", "mean", 0.01),))
    nasty = trio(NASTY)
    return [
        (trio(), solved(trio())),
        (nasty, solved(nasty)),
        (trio(slos=()), solved(trio(slos=()))),
        (trio(slos=many[:2]), solved(trio(slos=many[:2]))),
        (tight, infeasible(tight)),
        (trio(), unsolved("unknown", "interrupt")),
        fleet(),
        fleet(12, 12),
    ]


@pytest.mark.parametrize("case", range(8))
@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_wider_than_the_terminal(case: int, width: int) -> None:
    text = report(*cases()[case], width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text, "plain text where standard output is no terminal"
    assert "…" not in text, "nothing is cut off"


def test_sections_come_in_the_order_people_ask() -> None:
    text = report(trio(), solved(trio()))
    wanted = [
        "optimal: quality 0.90000 found, best possible 0.90000 (gap 0 %)",
        "\nSLO",
        "\nSetup",
        "\nRouting",
        "Router:",
        "\nGPU map",
    ]
    wanted += [
        "Binding limits",
        "+1 node (4 GPUs) of pool a100: +0.031 quality",
        "Confidence",
        "Left out",
        "MPS shares 10, 20, 100 %",
        "out/plan.json",
    ]
    places = [text.index(word) for word in wanted]
    assert places == sorted(places)


def test_names_are_shown_as_they_are() -> None:
    nasty = trio(NASTY)
    text = report(nasty, solved(nasty), width=240, force_terminal=True, color_system="truecolor")
    for name in NASTY:
        assert name in text


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = report(trio(), solved(trio()), force_terminal=True)
    assert "\x1b[1;32m" not in text
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[1;32m" in report(
        trio(), solved(trio()), force_terminal=True, color_system="standard"
    )


def test_infeasible_shows_conflict_repairs_and_best_effort() -> None:
    tight = trio(slos=(Slo("ttft", "mean", 0.01),))
    text = report(tight, infeasible(tight))
    for words in [
        "cannot hold together",
        "or add 1 node to pool a100",
        "--set arrival_rate_rps=41.3",
        "Best effort",
        "\nSetup",
    ]:
        assert words in text


def test_many_slos_get_a_separate_table() -> None:
    slos = (Slo("ttft", "mean", 9.0), Slo("ttft", "p99", 9.0), Slo("e2e", "mean", 9.0))
    text = report(trio(slos=slos), solved(trio(slos=slos), shadow_prices=None))
    assert "Latency at the rate of one replica" in text


def test_verdict_alone() -> None:
    stream = io.StringIO()
    print_plan_verdict(
        build_plan_content(loaded(trio()), solved(trio()), SETTINGS, {}),
        Console(file=stream, width=80),
    )
    assert len(stream.getvalue().splitlines()) == 3


def test_short_shows_repairs_and_nothing_else_of_an_infeasible_plan() -> None:
    stream = io.StringIO()
    tight = trio(slos=(Slo("ttft", "mean", 0.01),))
    print_short_plan_report(
        build_plan_content(loaded(tight), infeasible(tight), SETTINGS, {}),
        Console(file=stream, width=80),
    )
    text = stream.getvalue()
    assert text.count("--set ") == 3
    assert "infeasible: no plan keeps all limits at once" in text
    assert len(text.splitlines()) == 2 + 2 + 6


def test_short_says_that_repairs_were_cut_short() -> None:
    stream, tight = io.StringIO(), trio(slos=(Slo("ttft", "mean", 0.01),))
    found = infeasible(tight)
    found = replace(found, effort=replace(found.effort, notes=("the search was cut short",)))
    print_short_plan_report(
        build_plan_content(loaded(tight), found, SETTINGS, {}), Console(file=stream, width=80)
    )
    assert "Note: the search was cut short" in stream.getvalue()


def test_short_says_why_where_no_change_repairs_it() -> None:
    stream, tight = io.StringIO(), trio(slos=(Slo("ttft", "mean", 0.01),))
    found = infeasible(tight)
    assert found.conflict is not None
    found = replace(found, conflict=replace(found.conflict, repairs=()))
    print_short_plan_report(
        build_plan_content(loaded(tight), found, SETTINGS, {}), Console(file=stream, width=200)
    )
    assert found.conflict.limits[0] in stream.getvalue()
    assert "No single change was found" in stream.getvalue()
