"""Plain text on the terminal: tables, headings, lines, and control characters made harmless."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import IO, Any, cast

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = [
    "FILE_WIDTH",
    "Column",
    "Format",
    "output_line",
    "output_lines",
    "output_table",
    "plain_output_console",
    "print_heading",
    "printable_output",
]


WHOLE_WORD = 12
"""Words up to so many signs are not broken where a column of text becomes narrow."""


FILE_WIDTH = 200
"""Columns where standard output is a file or a pipe and COLUMNS does not say otherwise."""


TRAILING = re.compile(" +$", re.MULTILINE)


Format = Callable[[Any], str]


Column = tuple[str, str, Format]
"""(header in the named table, header here, how a value is written)."""


def output_table(
    console: Console, title: str, frame: pd.DataFrame, columns: Sequence[Column]
) -> None:
    """Print one named table, the chosen columns; names left, numbers right, nothing cut off."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for head, short, form in columns:
        text = form is str
        table.add_column(
            Text(short),
            justify="left" if text else "right",
            no_wrap=not text,
            overflow="fold",
            vertical="top",
            min_width=_longest_whole_word(frame[head]) if text else None,
        )
    for values in frame[[header for header, _, _ in columns]].itertuples(index=False):
        table.add_row(
            *(
                Text(printable_output(form(value)))
                for value, (_, _, form) in zip(values, columns, strict=True)
            )
        )
    print_heading(console, title)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _longest_whole_word(column: pd.Series) -> int:
    """Signs of the longest word of a column that is not broken."""
    words = (len(word) for value in column for word in str(value).split())
    return max((length for length in words if length <= WHOLE_WORD), default=1)


def output_lines(console: Console, title: str, lines: Sequence[str]) -> None:
    """Print a heading and its lines."""
    print_heading(console, title)
    for line in lines:
        output_line(console, line, indent=2)


def print_heading(console: Console, text: str) -> None:
    """Print an empty line and a heading."""
    console.print()
    output_line(console, text, "bold")


def output_line(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    """Print one paragraph, folded at the terminal's width."""
    console.print(
        Padding(
            Text(printable_output(text), style=style, overflow="fold"),
            (0, 0, 0, indent),
            expand=False,
        )
    )


def printable_output(text: str) -> str:
    """Write control characters by their codes instead of sending them to the terminal."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def plain_output_console(*, stderr: bool = False) -> Console:
    """Make a console that reads nothing into text: no markup, no emoji codes, no highlighting;
    outside a terminal nothing is folded, and no line ends in spaces.
    """
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if console.is_terminal:
        return console
    file = cast("IO[str]", _TrimmedOutput(sys.stderr if stderr else sys.stdout))
    console = Console(file=file, markup=False, emoji=False, highlight=False)
    if "COLUMNS" not in os.environ:
        console.width = FILE_WIDTH
    return console


class _TrimmedOutput:
    """A text file that gets lines without the spaces at their ends, which rich pads them with."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, text: str) -> int:
        """Write text of whole lines."""
        return self.file.write(TRAILING.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)
