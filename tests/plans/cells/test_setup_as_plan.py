"""A setup of a plan over cells in the words of schema 1."""

import pytest

from planner.plans.cells.setup_as_plan import setup_as_plan
from planner.plans.option_index import option_key
from tests.support.plans.cells_plans import day_content


@pytest.mark.parametrize("scheduled", [False, True])
def test_options_have_their_largest_load_and_shards_their_names(scheduled: bool) -> None:
    content = day_content(scheduled=scheduled)
    for k, setup in enumerate(content["setups"]):
        plain = setup_as_plan(content, k)
        loads = [lane["load_rps"] for lane in content["lanes"] if lane["case"] in setup["cases"]]
        assert max(o["rate_per_replica_rps"] for o in plain["options"]) == max(loads)
        names = {option_key(option) for option in plain["options"]}
        assert {option_key(shard) for shard in plain["placement"]} == names
        assert sum(plain["routing"].values()) == pytest.approx(1.0)
        assert {name for name, price in plain["dual_prices"].items() if price is not None} == {
            name for name, part in plain["routing"].items() if part > 0
        }


def test_a_setup_without_requests_has_no_routing() -> None:
    content = day_content()
    for lane in content["lanes"]:
        lane["rates"] = {}
    assert set(setup_as_plan(content, 0)["routing"].values()) == {0.0}
