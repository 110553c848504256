"""YAML 1.2 read without surprises, and written so that 1.1 reads the same."""

import pytest
from ruamel.yaml import YAML

from profiles.io.faults import Fault
from profiles.io.yaml_text import KEY_LIMIT, LIST_LIMIT, parse_yaml, yaml_text


def read(text: str) -> object:
    faults: list[Fault] = []
    content = parse_yaml(text, "f.yaml", faults)
    assert not faults
    return content


def test_only_what_yaml_1_2_takes_for_values_is_one() -> None:
    text = "[NO, on, y, 1_000, 12:30, 2026-05-01, 0x10, 1.5e3, .inf, ~, true]"
    assert read(text) == [
        *("NO", "on", "y", "1_000", "12:30", "2026-05-01", 16, 1500.0),
        *(float("inf"), None, True),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2\n", "line 2"),
        ("a: &x 1\nb: *x\n", "line 1"),
        ("a: !!python/none\n", "line 1"),
        ("a: {<<: {b: 1}}\n", "line 1"),
        ("a: 1\n---\nb: 2\n", "line 2"),
        ("a: [1\n", ""),
        ("? [1]\n: 2\n", "line 1"),
    ],
)
def test_what_may_surprise_is_refused_with_its_line(text: str, line: str) -> None:
    faults: list[Fault] = []
    parse_yaml(text, "f.yaml", faults)
    assert faults
    assert line in faults[0].where
    assert all(fault.fix for fault in faults)


def test_what_is_written_reads_the_same_by_both_versions() -> None:
    words = ["y", "no", "on", "1_000", "0x1", "12:30", "plain", "2026-05-01", "~", "a: b", ""]
    document = {"words": words, "number": 1.5, "nested": {"list": [1, True, None]}}
    text = yaml_text([document])
    assert read(text) == document
    old = YAML(typ="safe", pure=True)
    old.version = (1, 1)
    assert old.load(text) == document


@pytest.mark.parametrize(
    "text",
    [
        "x: " + "[" * 400_000,
        "{a: " * 100_000,
        "- " * 200_000,
        "? " * 200_000,
        "".join("  " * depth + "a:\n" for depth in range(300)),
    ],
    ids=["lists", "mappings", "dashes", "keys", "lines"],
)
def test_reading_stops_where_values_are_nested_too_deep(text: str) -> None:
    """The parser's own work grows with the square of the depth: at its end none of these would be
    read within an hour.
    """
    faults: list[Fault] = []
    assert parse_yaml(text, "f", faults) is None
    assert [fault.problem for fault in faults] == ["values are nested deeper than 30 levels"]


def test_depth_is_counted_not_collections() -> None:
    faults: list[Fault] = []
    text = "a: " + "[" * 29 + "]" * 29 + "\n" + "b: [[], [], []]\n" * 1
    assert parse_yaml(text, "f", faults) is not None
    assert not faults


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("".join(f"k{k}: 1\n" for k in range(100_000)), "line 1001"),
        ("a:\n" + "  - 1\n" * 100_000, "line 5002"),
        ("a: [" + "1, " * 500_000, "line 1"),
    ],
    ids=["keys", "list", "flow"],
)
def test_reading_stops_where_there_are_too_many_entries(text: str, line: str) -> None:
    faults: list[Fault] = []
    assert parse_yaml(text, "f", faults) is None
    assert [(fault.where, fault.problem[:9]) for fault in faults] == [(line, "more than")]


def test_as_many_entries_as_are_allowed_are_read() -> None:
    faults: list[Fault] = []
    text = "".join(f"k{k}: 1\n" for k in range(KEY_LIMIT - 1)) + "a:" + "\n- 1" * LIST_LIMIT
    content = parse_yaml(text, "f", faults)
    assert not faults
    assert len(content) == KEY_LIMIT
    assert len(content["a"]) == LIST_LIMIT
