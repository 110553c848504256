"""What each package may import of our own, and which packages may import an outside library."""

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
        *BELOW, "planner.scenario", "planner.scenario.schema", "planner.scenario.demand",
        *IMPORTERS,
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
        *BELOW, "planner.scenario", "planner.scenario.starting", "planner.plans",
        "planner.decomposition",
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
