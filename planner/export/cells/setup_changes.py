"""From one setup of a plan to the next: which servers of a node stop, start and stay.

A server stays when both setups run it with the same settings of its memory. On a node whose shared
GPUs are others in the next setup, the MPS daemon has to start anew, so every server on a shared GPU
stops with it.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from planner.export.cells.setup_deployments import SetupDeployment

__all__ = ["build_setup_changes"]

Row = dict[str, Any]
SETTINGS = ("utilization", "memory_limit_mib", "port")


def build_setup_changes(setups: Sequence[SetupDeployment]) -> list[Row]:
    """One row a node of every change between two different setups of the cycle: before, after
    (labels), node, stop, start, stay (names of servers), mps_stop (keys of the GPUs whose daemon
    ends first, [] for none).
    """
    if len(setups) < 2:
        return []
    return [
        row
        for before, after in pairwise([*setups, setups[0]])
        for row in _changes_between(before, after)
    ]


def _changes_between(before: SetupDeployment, after: SetupDeployment) -> list[Row]:
    nodes = [{n["label"]: n for n in one.deployment["nodes"]} for one in (before, after)]
    return [
        {
            "before": before.label,
            "after": after.label,
            "node": label,
            **_change_of_node(nodes[0].get(label), nodes[1].get(label)),
        }
        for label in sorted(nodes[0].keys() | nodes[1].keys())
    ]


def _change_of_node(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Row:
    was, will = ({r["name"]: r for r in (node or {"servers": ()})["servers"]}
                 for node in (before, after))  # fmt: skip
    shared = [
        [gpu for gpu in (node or {"gpus": ()})["gpus"] if gpu["shared"]] for node in (before, after)
    ]
    keys = [{gpu["key"] for gpu in own} for own in shared]
    anew = bool(keys[0]) and keys[0] != keys[1]
    stay = [
        name
        for name, row in was.items()
        if name in will
        and all(row[key] == will[name][key] for key in SETTINGS)
        and not (anew and row["shared"])
    ]
    return {
        "stop": [name for name in reversed(was) if name not in stay],
        "start": [name for name in will if name not in stay],
        "stay": stay,
        "mps_stop": [{"key": gpu["key"], "at": gpu["at"]} for gpu in shared[0]] if anew else [],
    }
