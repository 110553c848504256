"""Lost nodes in plan.json's form and in sentences."""

from planner.presentation.cells.lost_nodes import lost_nodes_content, lost_nodes_lines
from planner.solution import LostNodeOutcome

HOLDS = LostNodeOutcome(case=0, pool=1, holds=True, node=2, quality=0.61)
BREAKS = LostNodeOutcome(case=1, pool=0, holds=False, node=0, served=0.5)
OPEN = LostNodeOutcome(case=0, pool=0, holds=None, node=1)
FLOOR = LostNodeOutcome(case=0, pool=0, holds=False, node=1, served=1.0)


def test_names_and_per_cent():
    first, second = lost_nodes_content([HOLDS, BREAKS], ["p", "q"], ["day", "night"])
    assert first == {
        "case": "day",
        "pool": "q",
        "holds": True,
        "worst_node": 2,
        "quality": 0.61,
        "served_pct": None,
    }
    assert (second["case"], second["pool"], second["served_pct"]) == ("night", "p", 50)


def test_sentences():
    entries = lost_nodes_content([HOLDS, BREAKS, OPEN, FLOOR], ["p", "q"], None)
    assert lost_nodes_lines(entries) == [
        "any node of q: holds with quality 0.61000 (worst: node 2)",
        "node 0 of p: breaks; 50.0 % of the requests can be served within limits (the worst of p)",
        "any node of p: not decided (worst: node 1)",
        "node 1 of p: breaks, a floor of quality is missed (the worst of p)",
    ]
