"""The documents hold: commands run with the exit code and the results they show, examples load,
links and files exist, names are real.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from planner.joint.solve import solve_joint
from planner.scenario.assemble import assemble_instance
from planner.scenario.load import load_parsed_scenario
from planner.scenario.schema.specification import ScenarioSpec
from profiles.io.yaml_text import parse_yaml
from tests.support.paths import HOME
from tests.support.planner_run import run_planner
from tests.support.walls import first_fast, usually

README = HOME / "README.md"
TOUR = HOME / "docs" / "tour.md"
FLEET_DAY_README = HOME / "examples" / "fleet-day" / "README.md"
TUTORIALS = tuple(sorted((HOME / "docs" / "tutorials").glob("*.md")))
"""Their commands are run one after the other in one folder, with the files that they show."""
DOCUMENTS = (
    README,
    *sorted((HOME / "docs").glob("*.md")),
    *TUTORIALS,
    HOME / "CHANGELOG.md",
    HOME / "CONTRIBUTING.md",
    FLEET_DAY_README,
)
PYTHONS = (".venv/bin/python", "python")
SAME_VALUE = 2e-4
"""Two runs may differ by the gap (1e-4 relative) each."""
FEWEST_DIGITS = 5
"""Qualities are shown with so many."""
SAME_LAST_DIGIT, SAME_SHARE = 0.11, 5e-3
"""Of other figures: plans within the gap route a little more here or there."""
FIGURE = re.compile(r"\d[\d,]*\.\d+")
DATE = re.compile(r"\b20\d\d-\d\d-\d\d(?: \d\d:\d\d)?\b")
"""Of what was kept in the library, with its time."""


@dataclass(frozen=True)
class Block:
    """A fenced block. kind: first word of the fence; label: a file's name, its title."""

    document: Path
    kind: str
    label: str
    text: str


@dataclass(frozen=True)
class Command:
    """A documented command, the exit code and the lines of output shown for it."""

    text: str
    code: int
    shown: tuple[str, ...]


def blocks(document: Path) -> list[Block]:
    found = re.findall(
        r'^```(\w+)(?: title="([^"\n]+)")?\n(.*?)^```$',
        document.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    return [Block(document, kind, label, text) for kind, label, text in found]


def commands(block: Block) -> Iterator[Command]:
    """In `sh` every line is a command that ends well; in `console` it begins with $ and `(exit code
    N)` says how it ends.
    """
    if block.kind == "sh":
        yield from (
            Command(line.partition(" #")[0].strip(), 0, ())
            for line in block.text.splitlines()
            if line.strip()
        )
    if block.kind == "console":
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            text, *shown = part.splitlines()
            codes = [
                int(found[1])
                for line in shown
                if (found := re.fullmatch(r"\(exit code (\d)\)", line))
            ]
            yield Command(
                text.strip(),
                codes[0] if codes else 0,
                tuple(line for line in shown if not line.startswith("(exit code")),
            )


ALL_BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
ALL_COMMANDS = [command for block in ALL_BLOCKS for command in commands(block)]
PLANS: dict[str, list[Command]] = {}
for _block in ALL_BLOCKS:
    for _command in commands(_block) if _block.document not in TUTORIALS else ():
        if not _command.text.startswith(("make ", "llm-planner ")):
            PLANS.setdefault(_command.text, []).append(_command)
LONG = [text for text in PLANS if "examples/fleet-day/" in text]
"""Commands of 4 to 16 s each: CI runs the shortest of them, `make walls` all."""
INSTALLED = sorted(
    {
        block.document
        for block in ALL_BLOCKS
        for command in commands(block)
        if command.text.startswith("llm-planner ")
    }
)
"""Documents with commands of an installed planner."""
YAMLS = [block for block in ALL_BLOCKS if block.kind == "yaml" and block.document not in TUTORIALS]
"""Those of tutorials are files that its commands read."""


def test_the_readme_shows_what_a_newcomer_needs():
    text = README.read_text(encoding="utf-8")
    first = next(block for block in blocks(README) if block.kind == "sh")
    assert [command.text for command in commands(first)] == ["make demo", "make test"]
    assert "examples/paper-trio/scenario.yaml" in text
    assert len(text.splitlines()) <= 120
    assert len(re.findall(r"^!\[", text, re.MULTILINE)) == 1


@pytest.mark.parametrize(
    "target",
    sorted(
        {word for c in ALL_COMMANDS if c.text.startswith("make ") for word in c.text.split()[1:]}
    ),
)
def test_make_targets_exist(target: str):
    assert re.search(
        rf"^{re.escape(target)}:", (HOME / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(
    "text",
    [
        *first_fast([text for text in PLANS if text not in LONG], range(3), every=True),
        *first_fast(usually(LONG, [-1]), (), every=True),
    ],
)
def test_commands_do_what_is_shown(text: str, tmp_path: Path):
    """Exit codes are equal; a shown line that states a value must be there again, the value within
    the gap; other lines word by word.
    """
    words = shlex.split(text)
    assert words[0] in PYTHONS, f"{text}: only Python commands (and make) belong in the documents"
    assert words[1:3] == ["-m", "planner"], f"{text}: only the planner is run here"
    words = words[3:]
    if "--json" in words and words[words.index("--json") + 1] != "-":
        words[words.index("--json") + 1] = str(tmp_path / "plan.json")
    if "--to" in words:
        words[words.index("--to") + 1] = str(tmp_path / "folder")
    done = run_planner(words, HOME, {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"})
    said = done.stdout + done.stderr
    for command in PLANS[text]:
        assert done.returncode == command.code, said
        for line in command.shown:
            assert _is_shown(line, said), f"{text}\nshown: {line}\nin truth:\n{said}"


@pytest.mark.slow
@pytest.mark.parametrize("document", INSTALLED, ids=lambda document: document.name)
def test_a_document_is_done_from_top_to_bottom(document: Path, tmp_path: Path):
    """In one empty folder: files that it shows are written, files that it links to are there, and
    commands are run, those of the planner as a module.
    """
    for name in re.findall(r"\]\(\.\./([\w.-]+\.(?:csv|json))\)", document.read_text("utf-8")):
        shutil.copy(HOME / "docs" / name, tmp_path)
    library = str(tmp_path / "library")
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PLANNER_LIBRARY": library}
    for block in blocks(document):
        if block.label:
            (tmp_path / block.label).write_text(block.text, encoding="utf-8")
        for command in commands(block):
            program, *words = shlex.split(command.text)
            if program == "llm-planner":
                done = run_planner(words, tmp_path, environment)
            else:
                assert program == "python", f"{document.name}: {command.text}"
                done = run_script(words, tmp_path)
            said = done.stdout + done.stderr
            assert done.returncode == command.code, said
            for line in command.shown:
                assert _is_shown(line, said), f"{command.text}\nshown: {line}\nin truth:\n{said}"


def run_script(words: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """A script that a document shows."""
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _is_shown(line: str, said: str) -> bool:
    """Whether a line of these words is there, its figures alike; of a verdict the value alone."""
    if not line.strip():
        return True
    verdict = re.compile(r"(optimal: (?:quality|cost)) ([\d.]+)")
    if shown := verdict.match(line):
        values = [
            float(found[2])
            for one in said.splitlines()
            if (found := verdict.match(one)) and found[1] == shown[1]
        ]
        return any(abs(value - float(shown[2])) <= SAME_VALUE * max(1.0, value) for value in values)
    return any(
        plain(one) == plain(line) and all(map(_is_same_figure, _figures(one), _figures(line)))
        for one in said.splitlines()
    )


def _is_same_figure(one: str, other: str) -> bool:
    value = float(one.replace(",", ""))
    qualities = len(one.rpartition(".")[2]) >= FEWEST_DIGITS
    return abs(float(other.replace(",", "")) - value) <= (
        SAME_VALUE if qualities else SAME_LAST_DIGIT + SAME_SHARE * value
    )


def _figures(line: str) -> list[str]:
    return FIGURE.findall(without_seconds(line))


def plain(line: str) -> str:
    """A line without the time of the search, without its decimal figures and without dates."""
    return FIGURE.sub("#", DATE.sub("DATE", " ".join(without_seconds(line).split())))


def without_seconds(line: str) -> str:
    return re.sub(r"\(?\d+\.\d s\)?$", "", line.strip())


@pytest.mark.parametrize(
    "block", YAMLS, ids=lambda block: f"{block.document.name}-{block.text[:30]!r}"
)
def test_yaml_examples_are_scenarios_or_parts_of_one(block: Block):
    faults: list = []
    content = parse_yaml(block.text, block.document.name, faults)
    assert not faults
    base = parse_yaml(
        (HOME / "examples/paper-trio/scenario.yaml").read_text(encoding="utf-8"), "base", faults
    )
    load_parsed_scenario(content if "version" in content else {**base, **content}, block.document)


def test_the_three_files_of_the_tour_plan_as_it_says(tmp_path: Path):
    for block in blocks(TOUR):
        if block.label:
            (tmp_path / block.label).write_text(block.text, encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {
        "scenario.yaml",
        "profiles.csv",
        "scores.csv",
    }
    loaded = assemble_instance(tmp_path / "scenario.yaml")
    solution = solve_joint(loaded.instance)
    stated = re.search(
        r"quality ([\d.]+), with ([\d.]+) % of the requests on `small`",
        TOUR.read_text(encoding="utf-8"),
    )
    assert stated is not None
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(float(stated[1]), abs=SAME_VALUE)
    assert 100 * solution.fractions[0] == pytest.approx(float(stated[2]), abs=0.1)


def test_the_tables_of_inputs_go_with_a_scenario(tmp_path: Path):
    example = HOME / "examples/paper-trio/scenario.yaml"
    shutil.copy(example, tmp_path / "scenario.yaml")
    for block in blocks(HOME / "docs/inputs.md"):
        if block.label:
            (tmp_path / block.label).write_text(block.text, encoding="utf-8")
    instance = assemble_instance(
        tmp_path / "scenario.yaml", {"llms": [{"name": "mistral-7b"}, {"name": "yi-34b"}]}
    ).instance
    assert len(instance.options) == 2


def test_inputs_names_every_key_of_the_scenario():
    text = (HOME / "docs/inputs.md").read_text(encoding="utf-8")
    missing = [
        key for key in _keys(ScenarioSpec.model_json_schema()) if not re.search(rf"\b{key}\b", text)
    ]
    assert not missing


def _keys(schema: dict) -> Iterator[str]:
    for part in (schema, *schema["$defs"].values()):
        yield from part.get("properties", {})


def test_plan_json_names_every_key_of_the_schema():
    import json

    schema = json.loads((HOME / "docs/plan.schema.json").read_text(encoding="utf-8"))
    text = (HOME / "docs/plan-json.md").read_text(encoding="utf-8")
    top = [
        *schema["properties"],
        *schema["$defs"]["option"]["properties"],
        *schema["$defs"]["context"]["properties"],
    ]
    assert not [key for key in top if not re.search(rf"\b{key}\b", text)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_files_exist(document: Path):
    text = re.sub(
        r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name) if name else document
        assert path.exists(), f"{document.name} links to {target}"
        if anchor:
            assert anchor in _anchors(path), f"{document.name} links to {target}"
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]*\.(?:py|csv|md|json|yaml))`", text):
        assert (HOME / name).exists() or (document.parent / name).exists(), (
            f"{document.name} names {name}"
        )


def _anchors(document: Path) -> set[str]:
    """Anchors as GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_licence_and_notice_are_there():
    licence = (HOME / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert (HOME / "NOTICE").read_text(encoding="utf-8") == "Copyright 2026 The planner authors\n"
