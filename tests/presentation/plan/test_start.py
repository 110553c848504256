"""What a plan keeps, starts and stops of the one that runs, in words."""

from typing import Any

import pytest

from planner.presentation.plan.start import start_lines

FROM = {"plan": "old.json", "kept": 5, "started": 2, "stopped": 1, "moved": 0, "most_changes": None}


def lines(**changes: Any) -> list[str]:
    content: Any = {"context": {"from": {**FROM, **changes}}}
    return start_lines(content)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "From old.json: replicas: 5 stay, 2 start, 1 stop; `"),
        ({"moved": 1}, "5 stay (1 of them on other GPUs), 2 start, 1 stop"),
        ({"started": 0, "stopped": 0}, "From old.json: no replica changes, 5 stay."),
        (
            {"most_changes": 3},
            "at most 3 replicas may change, and the bound is that of such plans.",
        ),
        (
            {"kept": None, "started": None, "most_changes": 1},
            "From old.json: at most 1 replica may",
        ),
    ],
)
def test_the_line(changes: dict[str, Any], words: str) -> None:
    (line,) = lines(**changes)
    assert words in line


@pytest.mark.parametrize(
    ("gpus", "of", "words"),
    [
        (
            4,
            "cost",
            "replicas start on 4 GPUs at 0.5 USD each: 2.00 USD once, 0.0833 USD/h over 24 h",
        ),
        (
            1,
            "quality",
            "on 1 GPU at 0.5 USD each: 0.50 USD once, 0.0208 USD/h over 24 h, which the budget",
        ),
        (0, "cost", "Changes: no replica starts, at 0.5 USD for each GPU."),
    ],
)
def test_what_changes_cost_is_said(gpus: int, of: str, words: str) -> None:
    usd = 0.5 * gpus
    priced = {"usd_per_gpu": 0.5, "hours": 24.0, "gpus": gpus, "usd": usd, "usd_per_h": usd / 24}
    content: Any = {"context": {"from": {**FROM, "changes": priced}}, "objective": {"of": of}}
    _, line = start_lines(content)
    assert words in line


def test_nothing_is_said_without_one() -> None:
    content: Any = {"context": {}}
    assert start_lines(content) == []
    assert lines(kept=None, started=None, stopped=None) == []


def test_a_cycle_says_it_of_all_setups() -> None:
    setups = [
        {"kept": 3, "started": 1, "stopped": 0},
        {"kept": 2, "started": 0, "stopped": 2},
    ]
    one: dict[str, Any] = {"plan": "old.json", "setups": setups, "most_changes": 2}
    content: Any = {"context": {"from_cycle": one}}
    (line,) = start_lines(content)
    assert "5 stay, 1 start, 2 stop; of each setup at most 2 replicas may change, and" in line
    setups[1]["kept"] = None
    assert start_lines(content) == ["From old.json: of each setup at most 2 replicas may change."]
    one["most_changes"] = None
    assert start_lines(content) == []
