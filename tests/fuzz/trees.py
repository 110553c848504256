"""Damage to trees (what YAML and JSON files hold), and their texts.

A text is written by hand: what is damaged, no library writes.
"""

import json
import math
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.fuzz.values import NESTED, strange_text, strange_value, twisted

__all__ = ["damaged_tree", "json_text", "yaml_block"]


class Twin(str):
    """A key that is no other key's equal: the same key twice in one mapping."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def damaged_tree(tree: Any, rng: Random) -> Any:
    """The tree (changed in place) with one damage; sometimes another tree altogether."""
    spots = list(_spots(tree))
    if not spots or rng.random() < 0.02:
        return strange_value(rng)
    holder, key = rng.choice(spots)
    value = holder[key]
    damage = rng.randrange(12)
    if damage < 3:
        holder[key] = strange_value(rng)
    elif damage < 5:
        holder[key] = twisted(value, rng)
    elif damage == 5:
        del holder[key]
    elif damage == 6:
        _repeat(holder, key, rng)
    elif damage == 7 and isinstance(holder, dict):
        name = twisted(str(key), rng)
        holder[name if isinstance(name, str) else strange_text(rng)] = holder.pop(key)
    elif damage == 8:
        other, where = rng.choice(spots)
        if where in other if isinstance(other, dict) else where < len(other):
            holder[key] = json.loads(json.dumps(other[where], default=str))
    elif damage == 9:
        holder[key] = rng.choice(([value], {"value": value}, [value, value], [[value]]))
    elif damage == 10 and isinstance(value, dict):
        value[strange_text(rng)] = strange_value(rng)
    else:
        _grow(holder, key, rng)
    return tree


def _spots(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of a tree, from the top down."""
    if not isinstance(tree, dict | list):
        return
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        yield from _spots(value)


def _repeat(holder: Any, key: Any, rng: Random) -> None:
    """The same entry twice."""
    if isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), holder[key])
    else:
        holder[Twin(key)] = rng.choice((holder[key], strange_value(rng)))


def _grow(holder: Any, key: Any, rng: Random) -> None:
    """Very many entries."""
    value, many = holder[key], rng.choice((10, 60, 300, 1100, 6000))
    if isinstance(value, list) and value:
        holder[key] = [value[k % len(value)] for k in range(many)]
        if isinstance(value[0], dict) and "name" in value[0]:
            holder[key] = [{**value[k % len(value)], "name": f"n{k}"} for k in range(many)]
    elif isinstance(value, dict):
        holder[key] = {**value, **{f"k{k}": k for k in range(many)}}
    else:
        holder[key] = [value] * many


def json_text(tree: Any, *, yaml: bool = False) -> str:
    """JSON with all that damage brings; with yaml: infinite numbers as YAML has them."""
    if isinstance(tree, dict):
        pairs = (
            f"{json.dumps(str(key))}: {json_text(value, yaml=yaml)}" for key, value in tree.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(tree, list | tuple):
        return "[" + ", ".join(json_text(value, yaml=yaml) for value in tree) + "]"
    if isinstance(tree, str) and tree.startswith(NESTED):
        depth = int(tree.removeprefix(NESTED))
        return "[" * depth + "]" * depth
    if isinstance(tree, float) and not math.isfinite(tree) and yaml:
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[str(tree)]
    if isinstance(tree, float) and yaml:
        return f"{tree:.17e}" if tree and not 1e-4 < abs(tree) < 1e15 else repr(tree)
    return json.dumps(tree)


def yaml_block(tree: Any) -> str:
    """YAML: a line for every key at the top."""
    if not isinstance(tree, dict):
        return json_text(tree, yaml=True) + "\n"
    plain = (key if str(key).isidentifier() else json.dumps(str(key)) for key in tree)
    values = (json_text(value, yaml=True) for value in tree.values())
    return "".join(f"{key}: {value}\n" for key, value in zip(plain, values, strict=True))
