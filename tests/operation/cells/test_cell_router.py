"""The router of classes and cases: prices by class and case, lanes by their parts, cases by live
rates, and faulty policies.
"""

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.router import CellChoice, CellRouter, PolicyError, Router

Content = dict[str, Any]


def cell(request_class: str, case: str, alpha: dict[str, float], **more: Any) -> Content:
    """A class in a case; the LLM a has two lanes."""
    lanes: Content = {
        "a": [{"lane": "a0", "share": 0.25}, {"lane": "a1", "share": 0.75}],
        "b": [{"lane": "b0", "share": 1.0}],
    }
    return {
        "class": request_class,
        "case": case,
        "loss": None,
        "version": 1,
        "rule": "argmax(score - alpha)",
        "alpha": alpha,
        "tie_eps": 0.0,
        "ties": [],
        "fallback_weights": dict.fromkeys(alpha, 1 / len(alpha)),
        "valid_for": {"arrival_rate_rps": 1.0},
        "correction": None,
        "lanes": {llm: lanes[llm] for llm in alpha},
        **more,
    }


def policy() -> Content:
    return {
        "version": 2,
        "plan_hash": "ab12",
        "classes": ["chat", "batch"],
        "default_class": "chat",
        "cases": [
            {"case": "day", "setup": 0, "rates_rps": {"chat": 10.0, "batch": 2.0}},
            {"case": "night", "setup": 0, "rates_rps": {"chat": 2.0, "batch": 6.0}},
            {"case": "quiet", "setup": 0, "rates_rps": {"chat": 2.0, "batch": 0.0}},
            {"case": "lost", "setup": 0, "rates_rps": {"chat": 10.0, "batch": 0.0}},
        ],
        "losses": [
            {"case": "lost", "nodes": {"p": [0]}, "same_as": None},
            {"case": "lost", "nodes": {"p": [1]}, "same_as": 0},
        ],
        "cells": [
            cell("chat", "day", {"a": 0.0, "b": 0.3}),
            cell("batch", "day", {"a": 0.0, "b": 0.1}),
            cell("chat", "night", {"a": 0.0}),
            cell("batch", "night", {"b": 0.0}),
            cell("chat", "quiet", {"b": 0.0}),
            cell("chat", "lost", {"b": 0.0}, loss=0),
        ],
    }


SCORES = {"a": 0.5, "b": 0.7}


def test_a_request_gets_the_prices_of_its_class_in_the_case_in_use() -> None:
    router = CellRouter(policy())
    assert (router.case, router.loss) == ("day", None)
    assert router.choose(SCORES, "x", "chat").llm == "a"
    assert router.choose(SCORES, "x", "batch") == CellChoice("b", "b0")
    assert router.choose(SCORES, "x", "unheard of").llm == "a"
    assert router.choose(SCORES, "x") == router.choose(SCORES, "x", "chat")
    router.use("night")
    assert router.choose(SCORES, "x", "chat").llm == "a"
    router.use("lost", 1)
    assert router.choose(SCORES, "x", "chat").llm == "b"
    assert isinstance(router.router("chat"), Router)


def test_lanes_get_their_parts_apart_from_the_draw_of_ties() -> None:
    tied = policy()
    tied["cells"][0] |= {
        "alpha": {"a": 0.0, "b": 0.0},
        "tie_eps": 1.0,
        "ties": [{"llms": ["a", "b"], "split": [0.5, 0.5]}],
    }
    router = CellRouter(tied)
    counts = Counter(router.choose(SCORES, f"p{k}", "chat").lane for k in range(4000))
    # Four standard errors of so many draws are 0.032 at most.
    assert counts["b0"] / 4000 == pytest.approx(0.5, abs=0.032)
    assert counts["a1"] / (counts["a0"] + counts["a1"]) == pytest.approx(0.75, abs=0.04)
    assert router.lane("a", "p7", "chat") == router.lane("a", "p7", "chat")
    with pytest.raises(LookupError, match="c has no lane"):
        router.lane("c", "p7")


@pytest.mark.parametrize(
    ("rates", "case", "overloaded"),
    [
        ({"chat": 1.0}, "quiet", False),
        ({"chat": 2.0, "batch": 0.5}, "night", False),
        ({"chat": 3.0, "batch": 1.0}, "day", False),
        ({"chat": 3.0, "batch": 4.0}, "day", True),
        ({"chat": 90.0}, "day", True),
    ],
)
def test_live_rates_choose_the_case_with_no_lower_rate_of_any_class(
    rates: dict[str, float], case: str, overloaded: bool
) -> None:
    router = CellRouter(policy())
    assert (router.at_rates(rates), router.overloaded) == (case, overloaded)
    assert router.case == case


def test_a_class_without_a_cell_is_routed_as_in_another_case_of_its_setup() -> None:
    router = CellRouter(policy())
    router.use("quiet")
    assert router.choose(SCORES, "x", "batch").llm == "b"
    apart = policy()
    apart["cases"][2]["setup"] = 1
    router = CellRouter(apart)
    router.use("quiet")
    with pytest.raises(LookupError, match="routes no requests of class batch in case quiet"):
        router.choose(SCORES, "x", "batch")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda router: router.use("noon"), "unknown case"),
        (lambda router: router.use("lost"), "loss None"),
        (lambda router: router.use("day", 0), "loss 0"),
        (lambda router: router.at_rates({"talk": 1.0}), "classes among"),
        (lambda router: router.at_rates({"chat": -1.0}), "a number of 0 or more"),
    ],
)
def test_what_is_not_there_is_a_value_error(
    call: Callable[[CellRouter], object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        call(CellRouter(policy()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p.update(version=1), "version: expected 2"),
        (lambda p: p.update(classes=[]), "classes: expected a list of names"),
        (lambda p: p.update(default_class="talk"), "default_class: expected one of"),
        (lambda p: p.update(cases=None), "cases: expected a list"),
        (lambda p: p["cases"].append(3), "cases.4: expected a table"),
        (lambda p: p["cases"][0].update(rates_rps={"chat": -1}), "cases.0.rates_rps"),
        (lambda p: p["losses"].append({"case": "noon"}), "losses.2: expected a case"),
        (lambda p: p.update(losses=None), "losses: expected a list"),
        (lambda p: p["cells"][0].update(loss=0), "cells.0: expected a known class"),
        (lambda p: p["cells"][0].update(alpha={"a": "x"}), "cells.0.alpha: expected a price"),
        (lambda p: p["cells"][0].update(lanes=[]), "cells.0.lanes: expected lanes"),
        (lambda p: p["cells"][0]["alpha"].update(a=10**400), "cells.0.alpha: expected a price"),
        (lambda p: p["cases"][0]["rates_rps"].update(chat=10**400), "cases.0.rates_rps"),
        (lambda p: p["cells"][0]["lanes"].pop("b"), "cells.0.lanes: expected a lane of every"),
        (lambda p: p["cells"][0]["lanes"]["a"].pop(), "cells.0.lanes.a: expected names of lanes"),
        (lambda p: p["cells"].append(p["cells"][0]), "cells.6: expected each cell once"),
    ],
)
def test_a_faulty_policy_is_refused_with_its_place(
    change: Callable[[Content], object], words: str
) -> None:
    content = copy.deepcopy(policy())
    change(content)
    with pytest.raises(PolicyError, match=words):
        CellRouter(content)


def test_a_file_is_read_as_strictly(tmp_path: Path) -> None:
    path = tmp_path / "router_policy.json"
    path.write_text(json.dumps(policy()), encoding="utf-8")
    assert CellRouter.load(path).plan_hash == "ab12"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"router_policy\.json: version: expected 2"):
        CellRouter.load(path)
