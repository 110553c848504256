"""Markdown of a deploy bundle's README: text as it is, tables, commands."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["code_block", "escape", "markdown_table", "node_servers"]

Row = Mapping[str, Any]


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|&])", r"\\\1", text)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *lines]


def code_block(lines: Iterable[str]) -> list[str]:
    """Commands."""
    return ["```sh", *lines, "```"]


def node_servers(deployment: Row) -> list[tuple[Row, Row]]:
    """Every (node, server)."""
    return [(node, row) for node in deployment["nodes"] for row in node["servers"]]
