"""What `import planner` offers, and that it costs nothing before it is used."""

import ast
import subprocess
import sys

import pytest

import planner
import planner.errors
from tests.support.paths import HOME

FUNCTIONS = ("load", "plan", "read_plan", "simulate", "sweep", "baselines", "diff")
FUNCTIONS += ("tornado", "thresholds")
FUNCTIONS += ("save", "list_kept", "read_kept", "remove_kept")


def test_import_brings_in_no_other_module() -> None:
    code = (
        "import sys; before = set(sys.modules); import planner; print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOME, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["planner"]


@pytest.mark.parametrize("name", planner.__all__)
def test_every_name_is_there(name: str) -> None:
    value = getattr(planner, name)
    assert value.__name__ == name
    assert value.__doc__
    assert name in dir(planner)


def test_the_functions_of_the_api_state_what_they_return_and_raise() -> None:
    for name in FUNCTIONS:
        text = getattr(planner, name).__doc__
        assert all(part in text for part in ("Parameters\n", "Returns\n", "Raises\n")), name


def test_type_checkers_see_the_same_names() -> None:
    stub = ast.parse((HOME / "planner" / "__init__.pyi").read_text(encoding="utf-8"))
    seen = {
        (alias.asname, node.module)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == set(planner._MODULES.items())


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'plans_of'"):
        planner.plans_of  # noqa: B018


def test_errors_are_the_tree_of_exceptions() -> None:
    tree = {planner.errors.DataError, planner.errors.SolveError, planner.errors.VerificationError}
    assert {planner.DataError, planner.SolveError, planner.VerificationError} == tree
