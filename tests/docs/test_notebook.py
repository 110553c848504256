"""examples/planning.ipynb runs from top to bottom, and holds no outputs."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import matplotlib.figure
import pytest
from matplotlib import pyplot

import planner
from tests.support.paths import EXAMPLES

NOTEBOOK = EXAMPLES / "planning.ipynb"


def code_cells() -> list[dict[str, Any]]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_it_holds_no_outputs() -> None:
    assert code_cells()
    assert not [cell for cell in code_cells() if cell["outputs"] or cell["execution_count"]]


@pytest.mark.slow
def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one namespace, as a kernel does; a last expression is shown, so it must have a text."""
    monkeypatch.chdir(tmp_path)
    pyplot.switch_backend("Agg")
    pyplot.close("all")
    shutil.copytree(EXAMPLES / "paper-trio", "paper-trio")
    namespace: dict[str, Any] = {}
    for cell in code_cells():
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, cell["id"], "exec"), namespace)  # noqa: S102
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), cell["id"], "eval"), namespace)  # noqa: S307
            assert str(getattr(shown, "_repr_html_", shown.__repr__)())
    assert namespace["frontier"]["Status"].tolist() == ["optimal"] * 3
    assert namespace["frontier"]["Quality (mean score)"].is_monotonic_decreasing
    assert isinstance(namespace["chart"].figure, matplotlib.figure.Figure)
    assert namespace["larger"].objective > namespace["plan"].objective
    assert {path.name for path in Path("out").iterdir()} == {
        *("plan.json", "report.xlsx", "last-program.mps"),
    }
    pyplot.close("all")


def test_it_uses_every_function_but_long_studies_and_the_library() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    functions = {name for name in planner.__all__ if name.islower()}
    # Those of the library write outside the notebook's folder: docs/api.md has them.
    kept = {"save", "list_kept", "read_kept", "remove_kept"}
    long = {"baselines", "tornado", "thresholds"}
    assert {name for name in functions if f"planner.{name}(" not in text} == {*long, *kept}
