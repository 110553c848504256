"""The layout's rules, read off the syntax trees: packages import downwards only, the independent
checks reach nothing of the optimiser, every outside library has its packages, and habits hold.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.support.layout.layers import DOORS, KEEPERS, PACKAGES, RECORDS, ROOMS, WALLS
from tests.support.layout.tested_elsewhere import COVERED_ELSEWHERE, RECORDS_AND_WORDS
from tests.support.paths import HOME

Trees = Mapping[str, ast.Module]


@cache
def trees() -> Trees:
    """Syntax tree of every module by its dotted name (a package's by the package's)."""
    folders = [HOME / room for room in (*ROOMS, "app_pages")]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return {
        module_of(path.relative_to(HOME).as_posix()): ast.parse(path.read_text(encoding="utf-8"))
        for path in [*files, HOME / "app.py"]
    }


def module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def file_of(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (HOME / path / "__init__.py").exists() else f"{path}.py"


@cache
def package_of(module: str) -> str:
    """The package that a module's rules are of: its folder."""
    is_folder = module in PACKAGES or (HOME / module.replace(".", "/")).is_dir()
    return module if is_folder or "." not in module else module.rpartition(".")[0]


@cache
def imports(tree: ast.AST) -> tuple[tuple[str, ast.stmt], ...]:
    """Dotted names that are imported anywhere in a tree, `from a import b` as a.b."""
    found: list[tuple[str, ast.stmt]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports are not used here"
            found += [(f"{node.module}.{alias.name}", node) for alias in node.names]
    return tuple(found)


def arrows(known: Trees, module: str) -> Iterator[tuple[str, ast.stmt]]:
    """Modules of ours that a module imports."""
    for name, node in imports(known[module]):
        if name in known:
            yield name, node
        elif name.rpartition(".")[0] in known:
            yield name.rpartition(".")[0], node


def upward(known: Trees) -> list[str]:
    """Imports that the table of packages does not allow."""
    faults = []
    for module in known:
        package = package_of(module)
        allowed = {package, *PACKAGES[package]}
        for target, node in arrows(known, module):
            door = (module, package_of(target)) in DOORS
            if package_of(target) not in allowed and not door:
                faults.append(f"{file_of(module)}:{node.lineno} imports {target}")
    return faults


def reached(known: Trees, start: str) -> set[str]:
    """Every module that importing one brings in, through any file."""
    found, waiting = {start}, [start]
    while waiting:
        module = waiting.pop()
        parents = {module.rpartition(".")[0]} & known.keys()
        for target in {name for name, _ in arrows(known, module)} | parents:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def breaches(known: Trees) -> list[str]:
    """What the independent packages reach beyond themselves, the records and numpy."""
    faults = set()
    for module in known:
        wall = package_of(module)
        if wall not in WALLS:
            continue
        # A package within another wall may use that one.
        inside = {wall, wall.rpartition(".")[0]} & set(WALLS)
        for target in reached(known, module):
            if package_of(target) not in inside and target not in RECORDS:
                faults.add(f"{module} reaches {target}")
            libraries = {name.split(".")[0] for name, _ in imports(known[target])}
            foreign = libraries - {"numpy", *ROOMS} - sys.stdlib_module_names
            faults |= {f"{module} reaches {library} through {target}" for library in foreign}
    return sorted(faults)


def planted(module: str, statement: str) -> Trees:
    """The trees with one statement more at the end of a module."""
    tree = trees()[module]
    return {**trees(), module: ast.Module([*tree.body, *ast.parse(statement).body], [])}


# ---------------------------------------------------------------- arrows and keepers


def test_every_package_has_its_line_in_the_table() -> None:
    packages = {package_of(module) for module in trees()}
    assert packages == set(PACKAGES)


def test_the_table_has_no_circle() -> None:
    left = {name: set(below) - {name} for name, below in PACKAGES.items()}
    while ends := {name for name, below in left.items() if not below & left.keys()}:
        left = {name: below for name, below in left.items() if name not in ends}
    assert not left


def test_arrows_point_down_only() -> None:
    assert not upward(trees()), "\n".join(upward(trees()))


def test_the_independent_packages_reach_nothing_of_the_optimiser() -> None:
    assert not breaches(trees()), "\n".join(breaches(trees()))
    assert {package_of(module) for module in trees()} >= set(WALLS)


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("planner.decomposition.policies", "import planner.joint.solver.highs"),
        ("planner.verification.verifier", "from planner.joint.setups import search_state"),
        ("planner.verification.verifier", "def late():\n    import planner.joint.search"),
        (
            "planner.verification.cells.cells_verifier",
            "from planner.joint.setups import search_state",
        ),
        ("models.demand.requests", "import models.demand.headroom"),
        ("planner.decomposition.simplex", "from models.quality import Quality"),
        ("planner.decomposition.packing", "import scipy.optimize"),
        ("planner.verification.slo_checks", "from planner.decomposition import spend_tables"),
        ("models.instance", "from models import latency"),
        ("profiles.records", "import highspy"),
        ("planner", "import pyomo.environ"),
    ],
)
def test_a_planted_import_breaches_the_wall(module: str, statement: str) -> None:
    assert breaches(planted(module, statement))


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("profiles.records", "import models.instance"),
        ("models.quality", "from planner import settings"),
        ("planner.scenario.load", "from planner.plans.plan_content import build_plan"),
        ("planner.presentation.plan.limits", "import reports.style"),
        ("planner.export.bundle", "from planner.cli.terminal import frame"),
        ("reports.style", "import planner.version"),
        ("app_pages.jobs.planning", "import planner.cli.app"),
        ("app_pages.session.state", "import app_pages.views.plan"),
        ("app_pages.charts.style", "import app_pages.session.state"),
        ("app_pages.charts.latency", "import reports.workbook.report.latency"),
        ("app_pages.widgets.tables", "import app_pages.views.plan"),
        ("reports.charts", "import reports.workbook.charts"),
    ],
)
def test_a_planted_import_upwards_is_seen(module: str, statement: str) -> None:
    assert upward(planted(module, statement))


@pytest.mark.parametrize("library", KEEPERS)
def test_every_outside_library_has_its_packages(library: str) -> None:
    users = {
        module
        for module, tree in trees().items()
        if any(name.split(".")[0] == library for name, _ in imports(tree))
    }
    strangers = {module for module in users if package_of(module) not in KEEPERS[library]}
    assert not strangers, f"{library} belongs to {KEEPERS[library]}, not to {sorted(strangers)}"


def test_no_circles_among_modules() -> None:
    """Imports at the top of files form no circle (those for type checkers aside)."""
    tops = {
        module: ast.Module(
            [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], []
        )
        for module, tree in trees().items()
    }
    left = {module: {name for name, _ in arrows(tops, module)} - {module} for module in tops}
    while ends := {module for module, targets in left.items() if not targets & left.keys()}:
        left = {module: targets for module, targets in left.items() if module not in ends}
    assert not left, f"circles among {sorted(left)}"


def test_folders_stay_small() -> None:
    counts = Counter(
        path.parent.relative_to(HOME).as_posix()
        for room in (*ROOMS, "app_pages", "bench", "tests")
        for path in (HOME / room).rglob("*.py")
    )
    assert {folder: count for folder, count in counts.items() if count > 20} == {}


API = {
    *("load", "plan", "read_plan", "simulate", "sweep", "baselines", "diff"),
    *("tornado", "thresholds"),
    *("save", "list_kept", "read_kept", "remove_kept"),
}


def test_no_module_hides_a_function_of_the_api() -> None:
    """Importing a module named as a function of `planner` would take the function's place."""
    names = {path.stem for path in (HOME / "planner").iterdir()}
    assert not names & API


# ---------------------------------------------------------------- habits


def test_no_star_imports_and_no_bare_excepts() -> None:
    faults = []
    for module, tree in trees().items():
        path = file_of(module)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                faults.append(f"{path}:{node.lineno} import *")
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                faults.append(f"{path}:{node.lineno} bare except")
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path":
                faults.append(f"{path}:{node.lineno} sys.path")
    assert not faults, "\n".join(faults)


def test_no_cupboards() -> None:
    names = {file_of(module).rpartition("/")[2] for module in trees()}
    assert not names & {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}


def test_imports_inside_functions_say_why() -> None:
    """A comment on the line or on the one above; one comment serves a block of imports."""
    faults = []
    for module, tree in trees().items():
        path = file_of(module)
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
            reported = "#" in lines[number - 1] or lines[first - 2].lstrip().startswith("#")
            if not reported:
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


def test_everything_public_has_a_docstring() -> None:
    faults = [file_of(module) for module, tree in trees().items() if not ast.get_docstring(tree)]
    faults += [
        f"{file_of(module)}:{node.lineno} {node.name}"
        for module, tree in trees().items()
        for node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert not faults, "without a docstring:\n" + "\n".join(faults)


# ---------------------------------------------------------------- packages


def test_a_package_says_what_it_is_and_imports_nothing() -> None:
    """`python -m planner --help` opens packages on its way and must stay fast."""
    for module, tree in trees().items():
        if file_of(module).endswith("__init__.py"):
            assert ast.get_docstring(tree), file_of(module)
            imported = [name for name, _ in imports(tree)]
            lazy = ["importlib.import_module"] if module == "planner" else []
            assert imported == lazy, file_of(module)


def test_top_level_names_are_those_of_the_wish() -> None:
    for name in (*ROOMS, "tests", "requirements.txt"):
        assert (HOME / name).exists(), f"{name} is missing"
    sources = {path.name for path in HOME.glob("*.py")}
    assert sources <= {"app.py"}, f"{sources - {'app.py'}} belong into a package"
    packages = {path.parent.name for path in HOME.glob("*/__init__.py")}
    assert packages <= {*ROOMS, "app_pages", "tests", "bench"}


# ---------------------------------------------------------------- a test for every module


def test_every_module_has_a_test_of_its_name_or_a_reason() -> None:
    lacking = {
        file_of(module).removesuffix(".py")
        for module in trees()
        if (HOME / file_of(module)).stem not in ("__init__", "__main__")
        and module != "app"
        and not mirrored_test(file_of(module)).exists()
    }
    listed = {module for modules in COVERED_ELSEWHERE.values() for module in modules}
    assert lacking == listed | RECORDS_AND_WORDS
    assert all((HOME / test).exists() for test in COVERED_ELSEWHERE)


def mirrored_test(path: str) -> Path:
    """Where the test of a module's name lies: the folders of tests mirror the packages."""
    for folder, mirrored in (("planner/", "tests/"), ("app_pages/", "tests/pages/")):
        if path.startswith(folder):
            return mirror(mirrored + path.removeprefix(folder))
    return mirror(f"tests/{path}")


def mirror(path: str) -> Path:
    folder, _, name = path.rpartition("/")
    return HOME / folder / f"test_{name}"
