"""Markdown of a deploy bundle's README: text as it is, tables, commands."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["block", "servers_of", "table", "words"]

Row = Mapping[str, Any]


def words(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|&])", r"\\\1", text)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Tell a table."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *lines]


def block(lines: Iterable[str]) -> list[str]:
    """Tell commands."""
    return ["```sh", *lines, "```"]


def servers_of(deployment: Row) -> list[tuple[Row, Row]]:
    """Give every (node, server)."""
    return [(node, row) for node in deployment["nodes"] for row in node["servers"]]
