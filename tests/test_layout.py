"""The house's rules, read off the syntax trees: arrows point down, every outside library has its
keeper, and names and habits hold.
"""

import ast
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache

import pytest

from tests.support.paths import HOME

ROOMS = ("planner", "models", "profiles", "reports")
"""From the top down; `reports` stands beside them."""

MAY_IMPORT = {
    "planner": {"planner", "models", "profiles"},
    "models": {"models", "profiles"},
    "profiles": {"profiles"},
    "reports": {"reports", "profiles"},
}
FRONT_DOORS = ("app.py", "planner/__main__.py", "planner/run_*.py")
"""They alone hand tables to `reports`."""

KEEPERS = {
    "highspy": ("planner/joint/highs.py",),
    "pyomo": ("models/program.py",),
    "streamlit": ("app.py", "app_pages/*"),
    "altair": ("app_pages/*",),
    "openpyxl": ("reports/*", "*/*workbook*.py"),
    "xlsxwriter": ("reports/*", "*/*workbook*.py"),
    "matplotlib": ("reports/charts.py",),
    "typer": ("planner/__main__.py", "planner/cli/arguments.py", "planner/cli/profile_app.py"),
    "ruamel": ("profiles/io/yaml_text.py",),
    "ijson": ("profiles/importers/formats/stream.py",),
}
NUMPY_ALONE = ("planner/verify*.py", "planner/decompose*.py")
"""Files that share no mathematics with the optimiser: of `models` they know the instance, of
outside mathematics numpy.
"""


@cache
def trees() -> Mapping[str, ast.Module]:
    """Syntax tree of every source file of the rooms and of app.py, by its path from the
    checkout.
    """
    files = [path for room in ROOMS for path in sorted((HOME / room).rglob("*.py"))]
    files += [
        path for path in (HOME / "app.py", *sorted(HOME.glob("*pages/*.py"))) if path.exists()
    ]
    return {
        path.relative_to(HOME).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in files
    }


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Dotted names that are imported anywhere in a tree, `from a import b` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports are not used here"
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


# ---------------------------------------------------------------- arrows and keepers


def test_arrows_point_down_only() -> None:
    faults = []
    for path, tree in trees().items():
        room = path.split("/")[0]
        for name, node in imports(tree):
            target = name.split(".")[0]
            if target not in (*ROOMS, "app", "tests", "bench") or room not in MAY_IMPORT:
                continue
            door = target == "reports" and matches(path, FRONT_DOORS)
            if target not in MAY_IMPORT[room] and not door:
                faults.append(f"{path}:{node.lineno} imports {name}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("library", KEEPERS)
def test_every_outside_library_has_its_keeper(library: str) -> None:
    users = {
        path
        for path, tree in trees().items()
        if any(name.split(".")[0] == library for name, _ in imports(tree))
    }
    strangers = {path for path in users if not matches(path, KEEPERS[library])}
    assert not strangers, f"{library} is kept by {KEEPERS[library]}, not by {sorted(strangers)}"


def test_the_judges_share_no_mathematics_with_the_optimiser() -> None:
    faults = []
    for path, tree in trees().items():
        if not matches(path, NUMPY_ALONE):
            continue
        for name, node in imports(tree):
            foreign = name.split(".")[0] in ("scipy", "pyomo", "highspy", "pandas")
            mathematics = name.startswith("models.") and not name.startswith("models.instance.")
            if foreign or mathematics:
                faults.append(f"{path}:{node.lineno} imports {name}")
    assert not faults, "\n".join(faults)
    assert any(matches(path, NUMPY_ALONE) for path in trees())


def test_no_circles_among_modules() -> None:
    """Imports at the top of files form no circle (those for type checkers aside)."""
    known = {path[:-3].replace("/", ".").removesuffix(".__init__"): path for path in trees()}
    arrows: dict[str, set[str]] = {}
    for path, tree in trees().items():
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {name for node in top for name, _ in imports(node)}
        arrows[path] = {
            known[m] for name in names for m in (name, name.rpartition(".")[0]) if m in known
        } - {path}
    while True:
        ends = {path for path, targets in arrows.items() if not targets & arrows.keys()}
        if not ends:
            break
        arrows = {path: targets for path, targets in arrows.items() if path not in ends}
    assert not arrows, f"circles among {sorted(arrows)}"


# ---------------------------------------------------------------- habits


def test_no_star_imports_and_no_bare_excepts() -> None:
    faults = []
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                faults.append(f"{path}:{node.lineno} import *")
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                faults.append(f"{path}:{node.lineno} bare except")
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path":
                faults.append(f"{path}:{node.lineno} sys.path")
    assert not faults, "\n".join(faults)


def test_no_cupboards() -> None:
    names = {path.rpartition("/")[2] for path in trees()}
    assert not names & {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}


def test_imports_inside_functions_say_why() -> None:
    """A comment on the line or on the one above; one comment serves a block of imports."""
    faults = []
    for path, tree in trees().items():
        lines = (HOME / path).read_text(encoding="utf-8").splitlines()
        functions = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        inside = {
            node.lineno
            for function in functions
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        for number in sorted(inside):
            first = number
            while first - 1 in inside:
                first -= 1
            told = "#" in lines[number - 1] or lines[first - 2].lstrip().startswith("#")
            if not told:
                faults.append(f"{path}:{number} {lines[number - 1].strip()}")
    assert not faults, "imports inside functions without a reason:\n" + "\n".join(faults)


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions and classes of a file, and public methods of public classes."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (
                    part
                    for part in node.body
                    if isinstance(part, kinds) and not part.name.startswith("_")
                )


def test_whatever_is_public_has_a_docstring() -> None:
    faults = [path for path, tree in trees().items() if not ast.get_docstring(tree)]
    faults += [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in trees().items()
        for node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert not faults, "without a docstring:\n" + "\n".join(faults)


# ---------------------------------------------------------------- rooms


def declared(room: str) -> list[str]:
    """The package's __all__, read without importing it."""
    for node in trees()[f"{room}/__init__.py"].body:
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        if target is not None and ast.unparse(target) == "__all__":
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
    raise AssertionError(f"{room}/__init__.py has no __all__")


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_lists_its_modules(room: str) -> None:
    modules = {path.stem for path in (HOME / room).glob("*.py")} - {"__init__", "__main__"}
    modules |= {path.parent.name for path in (HOME / room).glob("*/__init__.py")}
    listed = declared(room)
    assert len(listed) == len(set(listed))
    assert set(listed) == modules, (
        f"{room}/__init__.py: missing {sorted(modules - set(listed))}, gone"
        f" {sorted(set(listed) - modules)}"
    )


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_s_door_imports_nothing(room: str) -> None:
    """`python -m planner --help` opens every door on its way and must stay fast."""
    assert not list(imports(trees()[f"{room}/__init__.py"]))


def test_top_level_names_are_those_of_the_wish() -> None:
    for name in (*ROOMS, "tests", "requirements.txt"):
        assert (HOME / name).exists(), f"{name} is missing"
    sources = {path.name for path in HOME.glob("*.py")}
    assert sources <= {"app.py"}, f"{sources - {'app.py'}} have a room to live in"
    packages = {path.parent.name for path in HOME.glob("*/__init__.py")}
    assert packages <= {*ROOMS, "app_pages", "tests", "bench"}
