"""Whatever the checks of cells read is asked for by the shape."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.demand.cells_by_hand import cells_plan, cells_problems, without

MAY_BE_MISSING = {"schema", "alike"}


def paths(value: Any, way: str = "") -> Iterator[str]:
    """Every key of a table, of lists the first entry's."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{way}{key}"
            yield from paths(item, f"{way}{key}.")
    elif isinstance(value, list) and value:
        yield from paths(value[0], f"{way}0.")


OPEN = ("rates.", "routing.", "dual_prices.", "nodes.", "latency_ms.")
"""Tables with any names: a name left out is a fault of content, or none."""


@pytest.mark.parametrize("path", sorted(paths(cells_plan())))
def test_a_missing_key_is_named(path: str) -> None:
    problems = cells_problems(without(path))
    if path.rpartition(".")[2] in MAY_BE_MISSING:
        assert problems == ()
    elif any(table in path for table in OPEN):
        assert "rates.batch" in path or problems
    else:
        assert any("is missing" in problem for problem in problems)
