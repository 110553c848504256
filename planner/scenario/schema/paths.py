"""Dotted paths of the schema: setting a value there, and what may be set where."""

import types
import typing
from collections.abc import Iterable
from typing import Any, Union

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from profiles.io.faults import Fault, fault_spelling_guess, shown_in_fault

__all__ = ["field_at_schema_path", "field_names", "models_at_schema_path", "set_at_schema_path"]


def set_at_schema_path(
    root: type[BaseModel], content: dict[str, Any], path: str, value: Any
) -> Fault | None:
    """Set content at a dotted path of the schema, in place; the fault of a path that leads nowhere,
    with its entries or keys.
    """
    kind: Any = root
    holder: Any = [content]
    key: Any = 0
    parts = path.split(".")
    for step, part in enumerate(parts):
        there = ".".join(parts[:step]) or "the scenario"
        node = holder[key] if isinstance(holder, list) else holder.get(key)
        item, models = _parts_of_schema_path(kind)
        if item is not None:
            count = len(node) if isinstance(node, list) else 0
            if not (part.isascii() and part.isdecimal() and len(part) < 7 and int(part) < count):
                fix = (
                    f"its entries are 0 to {count - 1}"
                    if count
                    else "it has no entries; set the whole list"
                )
                return Fault(
                    "--set",
                    path,
                    shown_in_fault(value),
                    f"{there} has no entry {shown_in_fault(part)}",
                    fix,
                )
            holder, key, kind = node, int(part), item
        elif models:
            known = field_names(models)
            if part not in known:
                fix = f"{fault_spelling_guess(part, known)}known keys here: {', '.join(known)}"
                return Fault(
                    "--set",
                    path,
                    shown_in_fault(value),
                    f"{there} has no key {shown_in_fault(part)}",
                    fix,
                )
            if not isinstance(node, dict):
                holder[key] = node = {}
            holder, key = node, part
            kind = next(
                model.model_fields[part].annotation
                for model in models
                if part in model.model_fields
            )
        elif _maps_names(kind):
            # Names may hold dots, and what they stand for has nothing inside: the rest is one.
            if not isinstance(node, dict):
                holder[key] = node = {}
            node[".".join(parts[step:])] = value
            return None
        else:
            return Fault(
                "--set",
                path,
                shown_in_fault(value),
                f"{there} is a single value and has nothing inside",
                f"set {there} itself",
            )
    holder[key] = value
    return None


def _maps_names(kind: Any) -> bool:
    """Whether an annotation allows a mapping of names to numbers."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated or origin in (Union, types.UnionType):
        return any(_maps_names(part) for part in typing.get_args(kind))
    return origin is dict


def field_names(models: Iterable[type[BaseModel]]) -> list[str]:
    """Keys of the models, each once."""
    return list(dict.fromkeys(name for model in models for name in model.model_fields))


def models_at_schema_path(root: type[BaseModel], where: list) -> list[type[BaseModel]]:
    """Models allowed at a place of the schema."""
    kind: Any = root
    for part in where:
        item, models = _parts_of_schema_path(kind)
        kind = (
            item
            if item is not None
            else next(
                (m.model_fields[part].annotation for m in models if part in m.model_fields), None
            )
        )
    return _parts_of_schema_path(kind)[1]


def field_at_schema_path(root: type[BaseModel], where: list) -> FieldInfo:
    """The field at a place of the schema."""
    return next(
        model.model_fields[where[-1]]
        for model in models_at_schema_path(root, where[:-1])
        if where[-1] in model.model_fields
    )


def _parts_of_schema_path(kind: Any) -> tuple[Any, list[type[BaseModel]]]:
    """Look into a field's annotation: (kind of a list's entries or None, models of a mapping)."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _parts_of_schema_path(typing.get_args(kind)[0])
    if origin in (Union, types.UnionType):
        parts = [_parts_of_schema_path(part) for part in typing.get_args(kind)]
        return next((item for item, _ in parts if item is not None), None), [
            model for _, models in parts for model in models
        ]
    if origin is tuple:
        return typing.get_args(kind)[0], []
    return None, [kind] if isinstance(kind, type) and issubclass(kind, BaseModel) else []
