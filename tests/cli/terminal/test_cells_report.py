"""The terminal's report of plans over cells, of the plan by hand with a context around it."""

from typing import Any

from rich.console import Console

from planner.cli.terminal.cells_report import print_cells_report, print_cells_verdict
from tests.support.demand.cells_by_hand import cells_demand, cells_plan

CONTEXT = {
    "pools": [{"name": "h100", "gpu": "H100", "nodes": 3, "gpus_per_node": 1}],
    "llms": [{"name": "a"}, {"name": "b"}],
    "effort_notes": ["one note"],
}
SOLVER = {"wall_s": 1.0, "termination": "gap"}


def by_hand(**changes: Any) -> dict[str, Any]:
    content = cells_plan()
    return {
        **content,
        "scenario": "by hand",
        "context": CONTEXT,
        "solver": SOLVER,
        "checks": {"verified": True, "problems": []},
        **changes,
    }


def printed(content: dict[str, Any], report=None, written: dict[str, str] | None = None) -> str:
    console = Console(width=120, record=True, force_terminal=False, file=open("/dev/null", "w"))
    with console.file:
        if report is None:
            print_cells_report(content, console, cells_demand(), written)
        else:
            report(content, console)
        return console.export_text()


def test_the_verdict_is_short_and_has_the_cost_in_two_parts() -> None:
    lines = printed(by_hand(), print_cells_verdict).splitlines()
    assert lines[0] == "by hand: one setup for all cases on 3 x 1 H100"
    assert "optimal" in lines[1]
    assert lines[2].startswith("3 of 3 GPUs used; ")
    assert "(6.00 GPUs, 4.20 outside)" in lines[2]


def test_a_cost_that_changes_with_the_case_is_called_a_mean() -> None:
    for costs, mean in (((8.0, 8.0, 8.0), False), ((12.0, 4.0, 8.0), True)):
        cases = [
            {**case, "cost_usd_per_h": cost}
            for case, cost in zip(by_hand()["cases"], costs, strict=True)
        ]
        text = printed(by_hand(cases=cases), print_cells_verdict)
        assert ("USD/h on average (6.00 GPUs" in text) is mean


def test_the_report_has_every_case_and_loss_and_the_gpus() -> None:
    text = printed(by_hand(), written={"plan.json": "out.json"})
    for words in (
        *("Cases", "Classes in every case", "Setup", "Lost nodes: every loss below holds"),
        *("lost, lost node 0 of h100", "lost, lost node 2 of h100", "night"),
        *("a 58 %, b 25 %, api 17 %", "node 0", "Note: one note"),
        "plan.json written to out.json",
    ):
        assert words in text


def test_the_quality_of_a_loss_is_by_class_weight() -> None:
    content = by_hand()
    (lost,) = (case for case in content["cases"] if case["case"] == "lost")
    table = printed(content).partition("Lost nodes: every loss")[2]
    assert f"{lost['quality']:.4f}" in table, "the worst loss has the quality of its case"


def test_without_lost_nodes_there_is_no_table_of_them() -> None:
    content = by_hand(losses=[])
    content["cells"] = [c for c in content["cells"] if c["case"] != "lost"]
    content["cases"] = content["cases"][:2]
    assert "Lost nodes" not in printed(content)


def test_an_unknown_price_and_an_unverified_plan_are_said() -> None:
    text = printed(
        by_hand(cost_usd_per_h=None, checks={"verified": False, "problems": ["x"]}),
        print_cells_verdict,
    )
    assert "no price known" in text
    assert "NOT verified" in text


def nothing(status: str) -> dict[str, Any]:
    content = by_hand(status=status, setups=[], quality=None, gpus_used=None)
    content["objective"] = {**content["objective"], "value": None, "rel_gap": None}
    repair = {
        "change": "cases.0.slo_factor",
        "from": 1,
        "to": 2,
        "what": "multiply all limits by 2",
    }
    content["conflict"] = {
        "limits": ["The case day cannot be served even alone."],
        "repairs": [{**repair, "proved": True}, {**repair, "proved": False}],
    }
    return content


def test_an_infeasible_plan_lists_why() -> None:
    text = printed(nothing("infeasible"))
    assert "Why there is no plan" in text
    assert "The case day cannot be served even alone." in text
    assert "multiply all limits by 2: --set cases.0.slo_factor=2" in text
    assert "perhaps less is enough" in text
    assert "GPUs used" not in text


def test_an_unknown_one_says_what_to_change() -> None:
    assert "--time-limit" in printed(nothing("unknown"))
