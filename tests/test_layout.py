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

from tests.support.paths import HOME

ROOMS = ("planner", "models", "profiles", "reports")
"""The packages at the top that hold the program; `app.py` and `app_pages` are its pages."""

PROFILES = ("profiles", "profiles.io")
MODELS = (
    *("models", "models.curves", "models.demand", "models.moves", "models.openings"),
    *("models.packing", "models.scores", "models.serving"),
)
IMPORTERS = (
    *("profiles.importers", "profiles.importers.formats", "profiles.request_logs"),
    "profiles.score_importers",
)
"""Readers of other tools' files."""
BELOW = ("planner", *MODELS, *PROFILES, "profiles.score_tables")
"""What every package of `planner` may import; `planner` means the modules in that folder."""

JOINT = ("planner.joint", "planner.joint.setups", "planner.joint.solver")
REPORTS = (
    *("reports", "reports.workbook", "reports.workbook.report", "reports.workbook.cells"),
    *("reports.deploy", "reports.deploy.cluster"),
)

PACKAGES: dict[str, tuple[str, ...]] = {
    "profiles.io": (),
    "profiles": ("profiles.io",),
    "profiles.hygiene": PROFILES,
    "profiles.plugins": PROFILES,
    "profiles.score_tables": PROFILES,
    "profiles.importers.formats": (*PROFILES, "profiles.plugins"),
    "profiles.importers": (*PROFILES, "profiles.importers.formats"),
    "profiles.score_importers": (
        *PROFILES, "profiles.importers", "profiles.importers.formats", "profiles.plugins",
        "profiles.score_tables",
    ),
    "profiles.request_logs": (*PROFILES, "profiles.importers", "profiles.importers.formats"),
    "profiles.live_metrics": (*PROFILES, "profiles.importers", "profiles.importers.formats"),
    "models.curves": PROFILES,
    "models.openings": PROFILES,
    "models.packing": PROFILES,
    "models.scores": ("models.openings", *PROFILES),
    "models": ("models.curves", "models.openings", "models.packing", "models.scores", *PROFILES),
    "models.demand": ("models", "models.packing", *PROFILES),
    "models.moves": ("models", *PROFILES),
    "models.serving": ("models", *PROFILES),
    "reports": PROFILES,
    "reports.workbook": ("reports", *PROFILES),
    "reports.workbook.report": ("reports", "reports.workbook", *PROFILES),
    "reports.workbook.cells": (
        "reports", "reports.workbook", "reports.workbook.report", *PROFILES,
    ),
    "reports.deploy": ("reports", *PROFILES),
    "reports.deploy.cluster": ("reports.deploy", *PROFILES),
    "planner": BELOW,
    "planner.verification": ("models", "models.demand", "profiles"),
    "planner.verification.cells": ("models", "models.demand", "profiles", "planner.verification"),
    "planner.decomposition": ("models", "models.demand", "profiles"),
    "planner.demand": (*BELOW, "profiles.request_logs", "planner.scenario.schema"),
    "planner.scenario.schema": BELOW,
    "planner.scenario.demand": (*BELOW, "planner.scenario.schema"),
    "planner.scenario": (*BELOW, "planner.scenario.schema", "planner.scenario.demand"),
    "planner.scenario.starting": (
        *BELOW, "planner.scenario", "planner.scenario.schema", *IMPORTERS,
    ),
    "planner.joint.solver": BELOW,
    "planner.joint.setups": (*BELOW, "planner.joint.solver"),
    "planner.joint.tree": (*BELOW, "planner.joint.solver"),
    "planner.joint.programs": (*BELOW, "planner.joint.setups", "planner.joint.solver"),
    "planner.joint.steps": (
        *BELOW, "planner.joint.programs", "planner.joint.setups", "planner.joint.solver",
        "planner.joint.tree",
    ),
    "planner.joint.costs": (
        *BELOW, "planner.joint.programs", "planner.joint.setups", "planner.joint.solver",
        "planner.joint.steps", "planner.joint.tree",
    ),
    "planner.joint.repairs": (
        *BELOW, "planner.joint.programs", "planner.joint.setups", "planner.joint.solver",
    ),
    "planner.joint": (
        *BELOW, "planner.joint.costs", "planner.joint.programs", "planner.joint.repairs",
        "planner.joint.setups", "planner.joint.solver", "planner.joint.steps",
    ),
    "planner.plans": (*BELOW, "planner.scenario", "planner.verification"),
    "planner.plans.changes": (
        *BELOW, "planner.plans", "planner.plans.cells", "planner.scenario", "planner.verification",
    ),
    "planner.plans.cells": (
        *BELOW, "planner.plans", "planner.scenario", "planner.scenario.schema",
        "planner.verification.cells",
    ),
    "planner.cells.routing": (*BELOW, *JOINT),
    "planner.cells": (*BELOW, *JOINT, "planner.joint.repairs", "planner.cells.routing"),
    "planner.sizing": (
        *BELOW, *JOINT, "planner.cells", "planner.scenario", "planner.scenario.schema",
    ),
    "planner.library": (
        *BELOW, "planner.plans", "planner.plans.cells", "planner.scenario",
        "planner.scenario.schema",
    ),
    "planner.library.migrations": ("planner", "planner.library"),
    "planner.library.migrations.versions": (),
    "planner.profiling": (*BELOW, "planner.joint", "planner.decomposition"),
    "planner.studies.baselines": (
        *BELOW, "planner.scenario", "planner.joint", "planner.joint.repairs", "planner.plans",
    ),
    "planner.operation": (
        *BELOW, "planner.scenario", "planner.plans", "planner.decomposition",
        "planner.studies.baselines",
    ),
    "planner.operation.cells": (
        *BELOW, "planner.scenario", "planner.plans", "planner.plans.cells", "planner.operation",
    ),
    "planner.studies.replanning": (
        *BELOW, "planner.scenario", "planner.plans", "planner.plans.cells", "planner.sizing",
        "planner.library", "planner.studies",
    ),
    "planner.studies": (
        *BELOW, "planner.scenario", *JOINT, "planner.plans", "planner.plans.changes",
        "planner.decomposition", "planner.operation", "planner.sizing", "planner.plans.cells",
        "planner.cells",
    ),
    "planner.studies.clusters": BELOW,
    "planner.studies.sensitivity": (
        *BELOW, "planner.scenario", "planner.plans", "planner.studies",
    ),
    "planner.monitoring": (
        *BELOW, "profiles.importers", "profiles.importers.formats", "profiles.live_metrics",
        "planner.operation", "planner.plans", "planner.plans.changes", "planner.scenario",
        "planner.sizing",
    ),
    "planner.presentation": (
        *BELOW, "planner.scenario", "planner.scenario.schema", "planner.plans",
        "planner.plans.changes", "planner.profiling", "planner.decomposition", "planner.studies",
        "planner.studies.baselines", "planner.operation",
    ),
    "planner.presentation.sensitivity": (
        *BELOW, "planner.plans", "planner.presentation", "planner.studies.sensitivity",
    ),
    "planner.presentation.plan": (*BELOW, "planner.plans", "planner.presentation"),
    "planner.presentation.cells": (
        *BELOW, "planner.plans", "planner.plans.cells", "planner.plans.changes",
        "planner.operation", "planner.operation.cells", "planner.presentation",
        "planner.decomposition", "planner.studies",
    ),
    "planner.presentation.scores": (
        *BELOW, "planner.plans", "planner.operation", "planner.presentation",
        "planner.studies.baselines",
    ),
    "planner.presentation.monitoring": (
        *BELOW, "planner.plans", "planner.monitoring", "planner.presentation",
    ),
    "planner.presentation.demand": (
        *BELOW, "profiles.request_logs", "planner.plans", "planner.presentation", "planner.demand",
    ),
    "planner.export": (
        *BELOW, *REPORTS, "profiles.plugins", "planner.scenario", "planner.plans",
        "planner.studies", "planner.studies.baselines", "planner.operation", "planner.presentation",
        "planner.presentation.plan", "planner.presentation.scores", "planner.verification",
    ),
    "planner.export.cells": (
        *BELOW, *REPORTS, "planner.scenario", "planner.plans", "planner.plans.cells",
        "planner.operation", "planner.operation.cells", "planner.presentation",
        "planner.presentation.plan", "planner.presentation.cells", "planner.export",
    ),
    "planner.cli.terminal": (
        *BELOW, "planner.plans", "planner.plans.cells", "planner.operation",
        "planner.presentation", "planner.presentation.plan", "planner.presentation.cells",
    ),
}  # fmt: skip
"""Package -> the packages it may import besides itself: downwards only, so that this table has no
circle. The packages below are made from it.
"""
PLANNER = tuple(name for name in PACKAGES if name.startswith("planner"))
PACKAGES |= {
    "planner.cli.commands.cells": (*PLANNER, *MODELS, *PROFILES),
    "planner.cli.commands": (
        *PLANNER,
        *MODELS,
        *PROFILES,
        "profiles.plugins",
        "planner.cli.commands.cells",
    ),
    "planner.cli.commands.library": (*PLANNER, *PROFILES, "planner.cli.commands"),
    "planner.cli.commands.profiles": (
        *PLANNER,
        *MODELS,
        *PROFILES,
        "profiles.hygiene",
        "profiles.importers",
        "profiles.live_metrics",
        "profiles.plugins",
    ),
    "planner.cli.commands.monitoring": (*PLANNER, *PROFILES, "planner.cli.commands.profiles"),
    "planner.cli.commands.scores": (
        *PLANNER,
        *MODELS,
        *PROFILES,
        "profiles.score_importers",
        "profiles.score_tables",
        "profiles.plugins",
    ),
    "planner.cli.commands.demand": (*PLANNER, *PROFILES, "profiles.request_logs"),
    "planner.cli.commands.starting": (*PLANNER, *MODELS, *PROFILES, "profiles.plugins"),
    "app_pages.jobs": (*PLANNER[:-1], *MODELS, *PROFILES, *IMPORTERS, "reports"),
}
PACKAGES["planner.cli"] = (
    *("planner", "planner.cli.terminal"),
    *("planner.cli.commands", "planner.cli.commands.profiles", "planner.cli.commands.scores"),
    *("planner.cli.commands.demand", "planner.cli.commands.library"),
    *("planner.cli.commands.starting", "planner.cli.commands.monitoring"),
)
_BELOW_PAGES = (
    *(*PLANNER[:-1], *MODELS, *PROFILES, *IMPORTERS, *REPORTS),
    "profiles.plugins",
)
PACKAGES["app_pages.session"] = (*_BELOW_PAGES, "app_pages.jobs")
PACKAGES["app_pages.session.starting"] = (*PACKAGES["app_pages.session"], "app_pages.session")
PACKAGES["app_pages.charts"] = (*PLANNER[:-1], *PROFILES, "reports")
PACKAGES["app_pages.widgets"] = (
    *PACKAGES["app_pages.session"],
    "app_pages.session",
    "app_pages.charts",
)
PACKAGES["app_pages.widgets.demand"] = (*PACKAGES["app_pages.widgets"], "app_pages.widgets")
PACKAGES["app_pages.widgets.starting"] = (
    *PACKAGES["app_pages.widgets.demand"],
    "app_pages.session.starting",
)
PACKAGES["app_pages.widgets.kept"] = PACKAGES["app_pages.widgets.demand"]
PACKAGES["app_pages.widgets.what_if"] = PACKAGES["app_pages.widgets.demand"]
PACKAGES["app_pages.views"] = (
    *PACKAGES["app_pages.widgets.demand"],
    *("app_pages.widgets.demand", "app_pages.widgets.kept", "app_pages.widgets.starting"),
    "app_pages.widgets.what_if",
)
PACKAGES["planner.api"] = (*PLANNER[:-1], *MODELS, *PROFILES, *IMPORTERS)
PACKAGES["app_pages"] = ("app_pages.session", "app_pages.widgets", "app_pages.widgets.kept")
PACKAGES["app"] = ("app_pages", "app_pages.session")

WALLS = ("planner.verification", "planner.verification.cells", "planner.decomposition")
"""Packages that recompute what the optimiser claims. All that they import, and what that imports,
may be of themselves or of these modules (records without mathematics), and outside them numpy.
"""
RECORDS = {
    *("models", "models.instance", "models.demand", "models.demand.requests"),
    *("profiles", "profiles.records", "planner"),
}

DOORS = {("planner.__main__", "planner.cli")}
"""Arrows that a folder's entry point has and its modules must not: `python -m planner`."""

KEEPERS = {
    "highspy": {"planner.joint.solver"},
    "pyomo": {"models", "models.demand"},
    "streamlit": {
        *("app", "app_pages", "app_pages.session", "app_pages.session.starting"),
        "app_pages.charts",
        *("app_pages.widgets", "app_pages.widgets.demand", "app_pages.widgets.starting"),
        *("app_pages.widgets.kept", "app_pages.widgets.what_if"),
        "app_pages.views",
    },
    "altair": {"app_pages.charts"},
    "openpyxl": {"profiles.io", "planner.scenario"},
    "xlsxwriter": {"reports.workbook", "reports.workbook.report"},
    "matplotlib": {"reports"},
    "typer": {"planner.cli"},
    "ruamel": {"profiles.io"},
    "ijson": {"profiles.importers.formats"},
    "dask": {"planner.studies.clusters"},
    "ray": {"planner.studies.clusters"},
    "prometheus_client": {"profiles.live_metrics"},
    "httpx": {"profiles.live_metrics"},
    "sqlalchemy": {"planner.library", "planner.library.migrations.versions"},
    "alembic": {
        *("planner.library", "planner.library.migrations"),
        "planner.library.migrations.versions",
    },
    "platformdirs": {"planner.library"},
}
"""Outside library -> the packages that may import it."""

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

COVERED_ELSEWHERE: dict[str, tuple[str, ...]] = {
    # test that covers them -> modules without a test of their name
    "tests/cli/test_app.py": (
        *("planner/cli/arguments", "planner/cli/estimate_app", "planner/cli/operation_app"),
        *("planner/cli/plan_app", "planner/cli/profile_app", "planner/cli/start_app"),
        *("planner/cli/demand_app", "planner/cli/scores_app", "planner/cli/study_app"),
        "planner/cli/library_app",
    ),
    "tests/cli/commands/test_tornado.py": (
        *("planner/presentation/sensitivity/moved_setups", "planner/cli/commands/thresholds"),
        *(
            "planner/presentation/sensitivity/thresholds",
            "planner/presentation/sensitivity/tornado",
        ),
    ),
    "tests/library/test_library_schema.py": (
        *("planner/library/kept_tables", "planner/library/migrations/env"),
        "planner/library/migrations/versions/v0001_kept_work",
        "planner/library/migrations/versions/v0002_who_may",
    ),
    "tests/library/test_drafts.py": ("planner/library/blobs",),
    "tests/cli/commands/library/test_library_list.py": (
        "planner/cli/commands/library/library_changes",
        "planner/cli/commands/library/library_export",
        "planner/cli/commands/library/library_show",
    ),
    "tests/cli/commands/library/test_keep_plan.py": ("planner/cli/commands/keep_plan",),
    "tests/demand/test_day.py": ("planner/demand/day_levels",),
    "tests/sizing/test_rate_sizing.py": ("planner/sizing/sizing_goal",),
    "tests/plans/cells/test_any_plan.py": ("planner/plans/cells/cells_plan",),
    "tests/cli/commands/test_route.py": ("planner/cli/terminal/out_of_sample_report",),
    "tests/cells/test_arm_bound.py": ("planner/cells/routing/arm_loop",),
    "tests/cells/routing/test_lane_routing.py": (
        *("planner/cells/routing/lane_loop", "planner/cells/routing/lane_rates"),
    ),
    "tests/cli/commands/profiles/test_profile_estimate.py": (
        "planner/cli/commands/profiles/estimate_report",
    ),
    "tests/cli/commands/scores/test_scores_check.py": ("planner/export/score_files",),
    "tests/scenario/test_templates.py": ("planner/cli/commands/starting/init",),
    "tests/walls/test_repairs.py": (
        "planner/joint/repairs/least_change",
        "planner/joint/repairs/repair_plans",
    ),
    "tests/studies/clusters/test_cluster_backend.py": (
        *("planner/studies/clusters/dask_backend", "planner/studies/clusters/ray_backend"),
        "planner/studies/clusters/cluster_fault",
    ),
    "tests/cli/commands/test_check.py": ("planner/presentation/crosscheck",),
    "tests/cli/commands/test_cell_check.py": ("planner/presentation/cells/cell_crosscheck",),
    "tests/studies/baselines/test_comparison.py": ("planner/presentation/baselines",),
    "tests/api/test_planning.py": ("planner/api/plan_figures", "planner/api/plan_result"),
    "tests/reports/workbook/report/test_write.py": (
        *("planner/export/report_content", "planner/export/report_meta"),
        *("planner/export/report_studies", "reports/workbook/book", "reports/workbook/charts"),
        "reports/workbook/table",
        *("reports/workbook/report/baselines", "reports/workbook/report/curve_points"),
        *("reports/workbook/report/dropped_options", "reports/workbook/report/gpus"),
        *("reports/workbook/report/headline", "reports/workbook/report/log"),
        *("reports/workbook/report/routing", "reports/workbook/report/setup"),
        *("reports/workbook/report/shadow_prices", "reports/workbook/report/sweeps"),
    ),
    "tests/scenario/test_workbook_demand.py": (
        *("profiles/workbook_demand_fields", "planner/scenario/demand/demand_sheets"),
    ),
    "tests/pages/widgets/test_cells_plan.py": (
        *("app_pages/charts/day", "app_pages/jobs/cells_export", "app_pages/widgets/cells_notice"),
    ),
    "tests/reports/workbook/cells/test_cells_workbook.py": (
        *("planner/export/cells/cells_report_files", "reports/workbook/cells/case_sheets"),
        *("reports/workbook/cells/cells_summary", "reports/workbook/cells/day_charts"),
        "reports/workbook/cells/setup_sheets",
    ),
    "tests/reports/deploy/test_readme.py": (
        *("reports/deploy/file_heads", "reports/deploy/markdown", "reports/deploy/readme_checks"),
        *("reports/deploy/readme_gateways", "reports/deploy/readme_start"),
        *("reports/deploy/readme_cluster", "reports/deploy/vllm_server"),
    ),
    "tests/reports/deploy/cluster/test_kubernetes.py": (
        *("planner/export/own_exporters", "reports/deploy/cluster/pods"),
    ),
    "tests/profiles/hygiene/test_checks.py": (
        *("profiles/hygiene/curve_rows", "profiles/hygiene/neighbours", "profiles/hygiene/values"),
    ),
    "tests/profiles/importers/formats/test_detect.py": (
        *(
            "profiles/importers/formats/importer_protocol",
            "profiles/importers/formats/own_importers",
        ),
    ),
    "tests/profiles/score_tables/test_scores.py": ("profiles/score_tables/score_columns",),
    "tests/profiles/score_importers/test_detect.py": (
        *("profiles/score_importers/own_scorers", "profiles/score_importers/scorer_protocol"),
    ),
    "tests/profiles/importers/test_pipeline.py": (
        *("profiles/importers/formats/aiperf", "profiles/importers/formats/guidellm"),
        "profiles/importers/formats/sglang",
    ),
    "tests/pages/jobs/test_worker_pool.py": ("app_pages/jobs/worker_process",),
    "tests/pages/views/test_router.py": (
        *("app_pages/charts/router", "app_pages/jobs/router", "app_pages/widgets/prompt_test"),
    ),
    "tests/pages/views/test_plan.py": (
        *("app_pages/charts/style", "app_pages/jobs/messages", "app_pages/session/job_slots"),
        "app_pages/session/state",
        *("app_pages/widgets/deployment", "app_pages/widgets/headline"),
    ),
    "tests/pages/views/test_library.py": (
        *("app_pages/widgets/kept/record_actions", "app_pages/widgets/kept/share"),
        *("app_pages/widgets/kept/keep_form", "app_pages/widgets/kept/record_list"),
        "app_pages/widgets/job_button",
    ),
    "tests/browser/test_log_in.py": ("app_pages/widgets/kept/sign_in",),
    "tests/pages/session/test_kept_desk.py": (
        *("app_pages/jobs/kept_desk", "app_pages/widgets/kept/desk"),
    ),
    "tests/pages/session/test_kept_drafts.py": (
        *("app_pages/jobs/kept_work", "app_pages/session/opened_work"),
        "app_pages/widgets/kept/resume",
    ),
    "tests/pages/views/test_inputs.py": ("app_pages/widgets/scenario_files",),
    "tests/pages/views/test_new.py": (
        *("app_pages/session/draft", "app_pages/session/starting/draft_curves"),
        *("app_pages/session/starting/draft_day", "app_pages/session/starting/draft_demand"),
        *("app_pages/session/starting/draft_goal", "app_pages/session/starting/draft_outside"),
        *("app_pages/session/starting/draft_parts", "app_pages/session/starting/draft_pools"),
        "app_pages/session/starting/draft_scores",
        *("app_pages/widgets/starting/benchmark_files", "app_pages/widgets/starting/pool_fields"),
        *("app_pages/widgets/starting/outside_fields", "app_pages/widgets/starting/slo_fields"),
        *("app_pages/widgets/starting/cluster_steps", "app_pages/widgets/starting/curve_step"),
        *("app_pages/widgets/starting/demand_step", "app_pages/widgets/starting/draft_fields"),
        *("app_pages/widgets/starting/finish_step", "app_pages/widgets/starting/goal_step"),
        "app_pages/widgets/starting/score_step",
    ),
    "tests/pages/widgets/demand/test_rate_table.py": (
        *("app_pages/widgets/demand/fleet_fields", "app_pages/widgets/demand/known_rates"),
        "app_pages/widgets/number_fields",
    ),
    "tests/pages/views/test_export.py": ("app_pages/widgets/downloads",),
    "tests/pages/views/test_what_if.py": (
        *("app_pages/widgets/what_if/alternatives", "app_pages/widgets/what_if/frontier"),
        "app_pages/widgets/what_if/sensitivity",
    ),
}
RECORDS_AND_WORDS = {
    *("planner/errors", "planner/settings", "planner/solution", "planner/version"),
    *("planner/operation/verdicts", "planner/verification/tolerances", "models/instance"),
    "planner/cli/terminal/command_options",
    *("models/linear", "profiles/records", "profiles/workbook_fields", "planner/cell_solution"),
    *("planner/scenario/schema/bounds", "planner/scenario/schema/demand_specification"),
    *("profiles/workbook_layout", "profiles/importers/formats/record", "reports/content"),
    "reports/cells_content",
    *("profiles/request_logs/record", "profiles/live_metrics/record"),
}
"""Modules that hold records, constants and layouts, and compute nothing."""


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
