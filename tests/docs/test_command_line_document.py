"""docs/command-line.md is what the code declares: every command, argument and option."""

import re

from docs.site.command_line import FILE, command_line_text
from tests.cli.test_app import COMMANDS

TEXT = FILE.read_text(encoding="utf-8")


def test_the_document_is_made_from_the_code() -> None:
    assert TEXT == command_line_text(), "python -m docs.site.command_line writes it anew"


def test_every_command_has_its_section() -> None:
    assert set(re.findall(r"^## (.+)$", TEXT, re.MULTILINE)) == set(COMMANDS)


def test_options_stand_with_value_repetition_and_default() -> None:
    for row in (
        "| `--set KEY=VALUE` | Replace one value of the scenario, e.g. slo.0.limit_ms=400."
        " *(repeatable)* |",
        "| `--robust-to TRACE\\|cv=C` | Find the smallest headroom with which 95 % of simulated"
        " replays keep every SLO: of a trace, or of bursts, e.g. cv=3. |",
        "| `--near-loss PCT` | Largest loss of the objective for --near, in per cent."
        " *(0 to 100, default: 1.0)* |",
        "| `SCENARIO` | The scenario: a .yaml file, or an .xlsx workbook. *(required)* |",
    ):
        assert row in TEXT
