"""docs/api.md runs from top to bottom, and every value that it shows is the one that comes out."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.paths import EXAMPLES, HOME

SAME_VALUE = 2e-4
"""Two searches may differ by the gap (1e-4 relative) each."""


def code_blocks() -> Iterator[tuple[int, str]]:
    """First line and text of every Python block."""
    text = (HOME / "docs" / "api.md").read_text(encoding="utf-8")
    for found in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield text[: found.start()].count("\n") + 2, found[1]


def shown_value(statement: ast.stmt, lines: list[str]) -> str | None:
    """The comment behind an expression on one line; None where there is none."""
    if not isinstance(statement, ast.Expr) or statement.lineno != statement.end_lineno:
        return None
    _, mark, comment = lines[statement.lineno - 1][statement.end_col_offset :].partition("# ")
    return comment.strip() if mark else None


def is_shown(value: object, shown: str) -> bool:
    """Whether a comment shows the value; a sentence about what cannot be shown is taken as such."""
    if str(value) == shown:
        return True
    if not isinstance(value, float):
        return not isinstance(value, str | int | list | dict | Path)
    return value == pytest.approx(float(shown), rel=SAME_VALUE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three scenarios that the document starts from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "library"))
    for name in ("paper-trio", "day"):
        shutil.copytree(EXAMPLES / name, name)
    assert CliRunner().invoke(app, ["init", "my-cluster"]).exit_code == 0
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_document_runs_and_shows_its_values() -> None:
    namespace: dict[str, object] = {}
    wrong, values = [], 0
    for first, text in code_blocks():
        lines = text.splitlines()
        for statement in ast.parse(text).body:
            where = f"docs/api.md:{first + statement.lineno - 1}"
            if not isinstance(statement, ast.Expr):
                exec(compile(ast.Module([statement], []), where, "exec"), namespace)  # noqa: S102
                continue
            value = eval(compile(ast.Expression(statement.value), where, "eval"), namespace)  # noqa: S307
            shown = shown_value(statement, lines)
            values += shown is not None
            if shown is not None and not is_shown(value, shown):
                wrong.append(f"{where}: {value!r}, shown is {shown}")
    assert not wrong, "\n".join(wrong)
    assert values > 20


def test_every_function_is_described_with_code() -> None:
    import planner

    text = (HOME / "docs" / "api.md").read_text(encoding="utf-8")
    code = "".join(block for _, block in code_blocks())
    for name in planner.__all__:
        assert f"`{name}" in text, name
        if name.islower():
            assert f"planner.{name}(" in code, name
            assert f"\n## {name}\n" in text, name
