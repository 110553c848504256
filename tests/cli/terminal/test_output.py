"""Plain text on the terminal: control characters as codes, tables that fit."""

from planner.cli.terminal.output import printable_output


def test_control_characters_are_shown_not_sent() -> None:
    assert printable_output("a\x1b[31mb\x07") == "a\\x1b[31mb\\x07"
