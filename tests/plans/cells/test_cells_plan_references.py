"""Parts of a plan over cells that do not go together are named by their place."""

from collections.abc import Callable
from typing import Any

import pytest

from planner.plans.cells.cells_plan_references import contradictions_of_cells_plan
from tests.support.plans.cells_plans import day_content

Content = dict[str, Any]


def places(change: Callable[[Content], object] = lambda plan: None) -> list[str]:
    content = day_content()
    change(content)
    return [where for where, _, _ in contradictions_of_cells_plan(content)]


def test_a_sound_plan_has_none() -> None:
    assert places() == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda p: p.update(quality=None), "quality"),
        (lambda p: p["cases"].append(p["cases"][0]), "cases"),
        (lambda p: p["setups"].append(p["setups"][0]), "setups"),
        (lambda p: p["setups"][0]["cases"].append("noon"), "setups"),
        (lambda p: p["setups"][0]["options"][0].update(llm="far"), "setups.0.options.0.llm"),
        (lambda p: p["setups"][0]["options"][0].update(pool="z"), "setups.0.options.0.pool"),
        (lambda p: p["setups"][0]["placement"][0].update(option=5), "setups.0.placement.0.option"),
        (lambda p: p["setups"][0]["placement"][0].update(pool="z"), "setups.0.placement.0.pool"),
        (lambda p: p["setups"][0]["placement"][0].update(node=9), "setups.0.placement.0.node"),
        (lambda p: p["setups"][0]["placement"][0].update(replica=9), "setups.0.placement.0"),
        (lambda p: p["losses"][0].update(case="noon"), "losses.0.case"),
        (lambda p: p["losses"][0].update(nodes={"a": [2]}), "losses.0.nodes"),
        (lambda p: p["losses"][0].update(same_as=1), "losses.0.same_as"),
        (lambda p: p["cells"][0].update(case="noon"), "cells.0.case"),
        (lambda p: p["cells"][0].update(loss=0), "cells.0.loss"),
        (lambda p: p["cells"][-1].update(loss=None), "cells.3.loss"),
        (lambda p: p["cells"].append(p["cells"][0]), "cells.0"),
        (lambda p: p["cells"][0].update(dual_prices={}), "cells.0.dual_prices"),
        (lambda p: p["cells"][0]["router"]["ties"].append({"llms": ["x"], "split": []}), "cells.0.router.ties"),  # noqa: E501
        (lambda p: p["lanes"][0].update(replicas=99), "lanes.0.replicas"),
        (lambda p: p["lanes"][0].update(rates={"talk": 1.0}), "lanes.0.rates"),
        (lambda p: p["lanes"][0].update(loss=0), "lanes.0.loss"),
    ],
)  # fmt: skip
def test_a_planted_contradiction_is_named(change: Callable[[Content], object], place: str) -> None:
    assert any(where.startswith(place) for where in places(change))
