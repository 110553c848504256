"""`profile import` of damaged files: whatever replaces a value that a tool writes, there is a
reason and never a traceback.

Every place of a small file of every tool is taken away, wrapped, and filled with values of other
kinds; texts are cut short.
"""

import copy
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from profiles.importers.discover import FileAccount
from profiles.importers.formats.detect import detect_runs
from profiles.importers.formats.record import Run
from profiles.importers.formats.rules import judge_by_rules
from profiles.importers.identify import Given
from profiles.importers.pool import LoadPoint, pool_runs, pool_without_gaps
from profiles.importers.table import table_rows_of_points
from profiles.io.faults import DataError
from tests.support.scenarios.benchmark_files import aiperf
from tests.support.scenarios.imports import OPTION, STANDARD, imported
from tests.support.walls import first_fast, wall_size

GONE = object()
WRONG: tuple[Any, ...] = (
    *(GONE, None, True, 0, -1, 3, 1e-320, 2**70, math.nan, math.inf, -math.inf),
    *(
        "",
        "x",
        "inf",
        "NaN",
        "1e9",
        "9" * 60,
        [],
        [None],
        [[1]],
        ["a", 1],
        [{}],
        {},
        {"mean": "x"},
        {"value": 1},
    ),
)
KINDS = {kind: make for kind, (make, _) in STANDARD.items()}
KINDS["aiperf-telemetry"] = lambda: aiperf(
    telemetry_data={"endpoints": {"a": {"gpus": {"0": {"gpu_name": "NVIDIA L4"}}}}}
)
CUTS = 25


def places(tree: Any, at: tuple = ()) -> Iterator[tuple]:
    """Every place of a tree, the whole of it first."""
    yield at
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree[:2])
        if isinstance(tree, list)
        else ()
    )
    for key, value in items:
        yield from places(value, (*at, key))


def damaged(tree: Any, place: tuple, wrong: Any) -> Any:
    """The tree with something else at a place; what is beside the way there is shared."""
    if not place:
        return None if wrong is GONE else wrong
    key, *rest = place
    changed = copy.copy(tree)
    if not rest and wrong is GONE:
        del changed[key]
    else:
        changed[key] = damaged(changed[key], tuple(rest), wrong)
    return changed


def points_or_reasons(tree: Any) -> tuple[list[LoadPoint], list[str]]:
    """What the importers make of a tree, without files."""
    points, reasons = [], []
    for found in detect_runs(tree, "a.json", ""):
        if not isinstance(found, Run):
            reasons.append(found[1])
            continue
        verdict = judge_by_rules(Given().with_stated(found))
        if verdict.run is None:
            reasons.append(verdict.reason)
        else:
            points.append(LoadPoint(("llm", "gpu", 1, 100.0), verdict.run, ("a.json",)))
    return points, reasons


@pytest.mark.parametrize("kind", first_fast(KINDS, (2,)))
def test_every_place_holds_something_else(kind: str):
    tree = json.loads(json.dumps(KINDS[kind]()))
    for place in list(places(tree))[:: wall_size(11, 1)]:
        for wrong in WRONG:
            points, reasons = points_or_reasons(damaged(tree, place, wrong))
            assert points or reasons, (place, wrong)
            assert all(reasons), (place, wrong)
            kept = pool_without_gaps(pool_runs(points, {"a.json": FileAccount("a.json")}, []), [])
            for row in table_rows_of_points(kept).to_dict("records"):
                reported = [
                    value
                    for name, value in row.items()
                    if name.endswith("_ms") and value is not None and not math.isnan(value)
                ]
                assert reported, (place, wrong)
                assert all(
                    value > 0 and math.isfinite(value) for value in (*reported, row["rate_rps"])
                ), (place, wrong)


@pytest.mark.parametrize("kind", first_fast(KINDS))
def test_texts_that_are_cut_short(kind: str, tmp_path: Path):
    raw = json.dumps(KINDS[kind]())
    for k in range(CUTS):
        path = tmp_path / f"{k}.json"
        path.write_text(raw[: k * len(raw) // CUTS], encoding="utf-8")
        with pytest.raises(DataError) as error:
            imported(path, given=OPTION)
        assert str(error.value)
