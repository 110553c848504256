"""A cycle of setups in words: which cases each serves, what starts and stops between them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from planner.plans.option_index import option_slice_words

__all__ = ["has_schedule", "schedule_lines", "setup_name", "setups_phrase"]

Spot = tuple[str, tuple[tuple[str, int, int], ...]]
"""(option in words, its GPUs) of one replica."""


def has_schedule(content: Mapping[str, Any]) -> bool:
    """Whether a plan has several setups that follow each other."""
    return len(content["setups"]) > 1


def setups_phrase(content: Mapping[str, Any]) -> str:
    """`one setup for all cases`, `3 setups in a cycle`."""
    count = len(content["setups"])
    return f"{count} setups in a cycle" if count > 1 else "one setup for all cases"


def setup_name(setup: Mapping[str, Any]) -> str:
    """The case that a setup is for, and those that test it: `day (also node-lost)`."""
    own, *others = setup["cases"]
    return f"{own} (also {', '.join(others)})" if others else str(own)


def schedule_lines(content: Mapping[str, Any]) -> list[str]:
    """One line a change of setups, the last one back to the first; none without a schedule."""
    setups = content["setups"]
    if not has_schedule(content):
        return []
    return [
        _change_line(before, after) for before, after in zip(setups, _turned(setups), strict=True)
    ]


def _turned(setups: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [*setups[1:], setups[0]]


def _change_line(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """`day -> night: stops 2 x a (tp 1), starts 1 x b (tp 2); 2 GPUs start`."""
    old, new = _spots(before), _spots(after)
    stopped = Counter[str]()
    started = Counter[str]()
    gpus = 0
    for (option, _), count in (old - new).items():
        stopped[option] += count
    for (option, held), count in (new - old).items():
        started[option] += count
        gpus += count * len(held)
    moved = stopped & started
    parts = [
        f"{verb} {_counts(options)}"
        for verb, options in (
            ("stops", stopped - moved),
            ("starts", started - moved),
            ("moves", moved),
        )
        if options
    ]
    where = f"{before['cases'][0]} -> {after['cases'][0]}"
    if not parts:
        return f"{where}: nothing starts or stops"
    start = f"; {gpus} GPU{'s' if gpus != 1 else ''} start" if gpus else ""
    return f"{where}: {', '.join(parts)}{start}"


def _counts(options: Counter[str]) -> str:
    return ", ".join(f"{count} x {option}" for option, count in sorted(options.items()))


def _spots(setup: Mapping[str, Any]) -> Counter[Spot]:
    """Replicas by option and GPUs."""
    held: dict[tuple[int, int], list[tuple[str, int, int]]] = {}
    for shard in setup["placement"]:
        at = held.setdefault((shard["option"], shard["replica"]), [])
        at.append((shard["pool"], shard["node"], shard["gpu"]))
    options = [_option_words(option) for option in setup["options"]]
    return Counter((options[k], tuple(sorted(gpus))) for (k, _), gpus in held.items())


def _option_words(option: Mapping[str, Any]) -> str:
    """`a (tp 2 on h100)`, with the share where it is not whole."""
    part = option_slice_words(option)
    part = f", {part}" if part != "100 %" else ""
    return f"{option['llm']} (tp {option['tp_degree']}{part} on {option['pool']})"
