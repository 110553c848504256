"""The types of plan.json's content and docs/plan.schema.json say the same."""

import json
import types
from collections.abc import Iterator, Mapping
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from planner.plans.schema import PlanContent
from tests.support.paths import HOME

SCHEMA = json.loads((HOME / "docs" / "plan.schema.json").read_text())
PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def kinds(node: Mapping[str, Any]) -> set[str]:
    """JSON types that a node of the schema allows."""
    if "$ref" in node:
        return kinds(resolved(node))
    if "anyOf" in node:
        return {kind for one in node["anyOf"] for kind in kinds(one)}
    if "type" in node:
        return {node["type"]} if isinstance(node["type"], str) else set(node["type"])
    values = node.get("enum", [node.get("const")])
    return {PRIMITIVES[type(value)] for value in values}


def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return SCHEMA["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def members(hint: Any) -> tuple[Any, ...]:
    """The types that a union is of; one for everything else."""
    if get_origin(hint) is NotRequired:
        return members(get_args(hint)[0])
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def json_kind(hint: Any) -> str:
    if is_typeddict(hint) or get_origin(hint) is dict:
        return "object"
    return "array" if get_origin(hint) is list else PRIMITIVES[hint]


def differences(hint: Any, node: Mapping[str, Any], path: str) -> Iterator[str]:
    """Where a type and a node of the schema differ, by path."""
    parts = members(hint)
    if {json_kind(part) for part in parts} != kinds(node):
        yield f"{path}: {sorted(map(json_kind, parts))} in Python, {sorted(kinds(node))} in JSON"
        return
    for part in parts:
        options = [resolved(one) for one in node.get("anyOf", [node])]
        inner = next(one for one in options if json_kind(part) in kinds(one))
        if is_typeddict(part):
            yield from of_object(part, inner, path)
        elif get_origin(part) is list and "items" in inner:
            yield from differences(get_args(part)[0], inner["items"], f"{path}[]")
        elif get_origin(part) is dict:
            values = [*inner.get("patternProperties", {}).values()]
            values += [inner["additionalProperties"]] if inner.get("additionalProperties") else []
            for value in values:
                yield from differences(get_args(part)[1], value, f"{path}{{}}")


def of_object(part: Any, node: Mapping[str, Any], path: str) -> Iterator[str]:
    hints, keys = get_type_hints(part), node["properties"]
    if node.get("additionalProperties", True):
        yield f"{path}: the schema allows keys that no type has"
    if (only := hints.keys() ^ keys.keys()) or part.__required_keys__ != set(node["required"]):
        yield f"{path}: keys {sorted(only)}, required {sorted(part.__required_keys__)}"
    for key in hints.keys() & keys.keys():
        yield from differences(hints[key], keys[key], f"{path}.{key}")


def test_types_and_schema_say_the_same() -> None:
    found = list(differences(PlanContent, SCHEMA, "plan"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("where", "change"),
    [
        (("properties", "quality"), {"type": "number"}),
        (("properties", "gpus_total"), {"type": "number"}),
        (("$defs", "option", "properties"), {"more": {"type": "string"}}),
        (("$defs", "context"), {"required": []}),
        (("$defs", "best_effort", "properties", "change"), {"type": "string"}),
    ],
)
def test_a_difference_is_seen(
    monkeypatch: pytest.MonkeyPatch, where: tuple[str, ...], change: dict[str, Any]
) -> None:
    node = SCHEMA
    for key in where:
        node = node[key]
    for key, value in change.items():
        monkeypatch.setitem(node, key, value)
    monkeypatch.delitem(node, "anyOf", raising=False)
    assert list(differences(PlanContent, SCHEMA, "plan"))
