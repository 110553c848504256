"""YAML 1.2 (core schema) as plain mappings, lists, text and numbers; anything surprising is
refused with its line.

What is written (`yaml_text`) reads the same under YAML 1.1, which compose, Kubernetes and LiteLLM
speak: text that 1.1 takes for something else (y, no, on, 1_000, 0x1, 12:30) is put in quotes.

Of reading: only ruamel's parser is used; values are resolved here, so that `NO`, `on`, `y`, `1_000`
and dates stay the text they are in YAML 1.2. Refused: repeated keys, anchors and aliases, tags,
merge keys, directives, several documents, keys that are no text, deep nesting.
"""

import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from profiles.io.faults import Fault, shown_in_fault

__all__ = ["parse_yaml", "yaml_text"]

DEPTH_LIMIT = 30
"""Collections within each other. Reading stops at the first that is deeper: the parser's work grows
with the square of the depth.
"""
LIST_LIMIT = 5_000
"""Entries of one list."""
KEY_LIMIT = 1_000
"""Keys of one mapping."""
LINE = 4096
"""Characters before a text would be broken: none of ours is so long."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def parse_yaml(text: str, file: str, faults: list[Fault]) -> Any:
    """Read one YAML document; None when it is empty or cannot be read.

    Faults are appended with their line, as many as the parser can go on from.
    """
    try:
        events = [*_events_within_limits(YAML(typ="safe", pure=True).parse(text))]
    except _LimitError as error:
        faults.append(Fault(file, error.place, "", error.problem, error.fix))
        return None
    except Exception as error:  # the parser's own errors and its slips (ValueError): no YAML
        faults.append(_yaml_syntax_fault(file, error))
        return None
    before = len(faults)
    _refuse_yaml_events(events, file, faults)
    if len(faults) > before:
        return None
    return _YamlBuilder(events, file, faults).document()


def yaml_text(documents: Sequence[Any]) -> str:
    """Write documents of mappings, lists, text and finite numbers as block YAML, in ASCII, keys in
    their order.
    """
    writer = YAML(typ="rt", pure=True)
    writer.width, writer.allow_unicode, writer.default_flow_style = LINE, False, False
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    for at, document in enumerate(documents):
        stream.write("---\n" if at else "")
        writer.dump(_quoted_yaml(document), stream)
    return stream.getvalue()


def _quoted_yaml(value: Any) -> Any:
    """Copy content, its text in quotes unless it is plainly nothing but text."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.casefold() not in _WORDS
        return value if plain else DoubleQuotedScalarString(value)
    if isinstance(value, Mapping):
        return {_quoted_yaml(key): _quoted_yaml(one) for key, one in value.items()}
    return [_quoted_yaml(one) for one in value] if isinstance(value, list | tuple) else value


class _LimitError(Exception):
    """A document is larger than any of ours; reading it to its end would take long."""

    def __init__(self, event: Any, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.place, self.problem, self.fix = _place(event), problem, fix


def _events_within_limits(events: Iterable[Any]) -> Iterator[Any]:
    """The events as the parser comes to them, up to the first that passes a limit."""
    open_collections: list[list[int]] = []  # [most nodes in it, nodes so far]
    for event in events:
        kind = type(event).__name__
        if kind in ("SequenceEndEvent", "MappingEndEvent"):
            open_collections.pop()
        elif kind in ("ScalarEvent", "AliasEvent", "SequenceStartEvent", "MappingStartEvent"):
            if open_collections:
                innermost = open_collections[-1]
                innermost[1] += 1
                if innermost[1] > innermost[0]:
                    problem = f"more than {LIST_LIMIT:,} entries in a list or {KEY_LIMIT:,} keys"
                    fix = "split it; tables of numbers belong in CSV files"
                    raise _LimitError(event, f"{problem} in a mapping", fix)
            if kind.endswith("StartEvent"):
                most = LIST_LIMIT if kind == "SequenceStartEvent" else 2 * KEY_LIMIT
                open_collections.append([most, 0])
                if len(open_collections) > DEPTH_LIMIT:
                    problem = f"values are nested deeper than {DEPTH_LIMIT} levels"
                    raise _LimitError(event, problem, "no file that is read here is so deep")
        yield event


class _YamlBuilder:
    """Walks the events once; anchors, aliases and tags are gone already."""

    def __init__(self, events: list, file: str, faults: list[Fault]) -> None:
        self._events: Iterator = iter(events)
        self._file = file
        self._faults = faults

    def document(self) -> Any:
        for event in self._events:
            if type(event).__name__ not in ("StreamStartEvent", "DocumentStartEvent"):
                return None if type(event).__name__ == "StreamEndEvent" else self._value(event, 0)
        return None

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            return _yaml_scalar(event.value) if event.implicit[0] else event.value
        if kind == "SequenceStartEvent":
            return [self._value(item, depth + 1) for item in self._items("SequenceEndEvent")]
        return self._mapping(depth)

    def _items(self, end: str) -> Iterator:
        while type(event := next(self._events)).__name__ != end:
            yield event

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_event in self._items("MappingEndEvent"):
            key = self._value(key_event, depth + 1)
            value = self._value(next(self._events), depth + 1)
            if not isinstance(key, str):
                self._refuse(key_event, key, "this key is not text", "put it in quotes")
            elif key in mapping:
                self._refuse(
                    key_event, key, "the key appears twice in the same place", "keep one of them"
                )
            elif key == "<<":
                self._refuse(key_event, key, "merge keys are not supported", "write the values out")
            else:
                mapping[key] = value
        return mapping

    def _refuse(self, event: Any, value: Any, problem: str, fix: str) -> None:
        self._faults.append(Fault(self._file, _place(event), shown_in_fault(value), problem, fix))


def _refuse_yaml_events(events: list, file: str, faults: list[Fault]) -> None:
    """Faults for everything outside plain YAML 1.2."""

    def refuse(event: Any, value: str, problem: str, fix: str) -> None:
        faults.append(Fault(file, _place(event), value, problem, fix))

    documents = 0
    for event in events:
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            value = shown_in_fault(str(event.anchor))
            refuse(event, value, "anchors and aliases are not supported", "write the value out")
        tag = getattr(event, "tag", None)
        if tag and kind != "DocumentStartEvent":
            refuse(
                event, shown_in_fault(str(tag)), "tags are not supported", "write the plain value"
            )
        if kind == "DocumentStartEvent":
            documents += 1
            if event.version or event.tags:
                fix = "delete the line that begins with %"
                refuse(event, "", "directives are not supported", fix)
            if documents == 2:
                fix = "keep one; delete the others and the line ---"
                refuse(event, "", "the file holds several documents", fix)


def _yaml_scalar(text: str) -> Any:
    """Resolve a plain scalar by the core schema of YAML 1.2; text when it is nothing else."""
    if _NULL.fullmatch(text):
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text)
    if special := _SPECIAL.fullmatch(text):
        return math.nan if special[3] else float(f"{special[1]}inf")
    return text


def _place(event: Any) -> str:
    mark = getattr(event, "start_mark", None)
    return f"line {mark.line + 1}" if mark else ""


def _yaml_syntax_fault(file: str, error: Exception) -> Fault:
    """The parser's message in one line, with the line it points at."""
    mark = (
        (error.problem_mark or error.context_mark)
        if isinstance(error, MarkedYAMLError)
        else getattr(error, "problem_mark", None)
    )
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    first = (str(problem).splitlines() or ["unknown"])[0]
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return Fault(
        file,
        where,
        "",
        f"this is not sound YAML ({first[:120]})",
        "check indentation, quotes and brackets near there",
    )
