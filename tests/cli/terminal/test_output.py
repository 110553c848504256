"""Plain text on the terminal: control characters as codes, tables that fit, nothing padded."""

import pandas as pd
import pytest

from planner.cli.terminal.output import (
    output_line,
    output_table,
    plain_output_console,
    printable_output,
)


def test_control_characters_are_shown_not_sent() -> None:
    assert printable_output("a\x1b[31mb\x07") == "a\\x1b[31mb\\x07"


def test_no_line_in_a_pipe_ends_in_spaces(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    console = plain_output_console()
    frame = pd.DataFrame({"LLM": ["a", "longer name"], "Rate": [1, 2]})
    output_table(console, "Title", frame, (("LLM", "LLM", str), ("Rate", "name", str)))
    output_line(console, "word " * 100, indent=2)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) > 150
    assert [line for line in lines if line != line.rstrip()] == []


def test_short_words_are_not_broken_in_narrow_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    frame = pd.DataFrame({"Name": ["a name " * 12], "Verdict": ["uncertain"], "Rate": ["1"]})
    columns = [(head, head, str) for head in frame.columns]
    output_table(plain_output_console(), "Title", frame, columns)
    text = capsys.readouterr().out
    assert "uncertain" in text
    assert max(map(len, text.splitlines())) <= 40
