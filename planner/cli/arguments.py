"""Arguments that several commands of the command line take."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "SHARING_LOSS_PCT",
    "Dask",
    "ItsScenario",
    "Jobs",
    "KeepAs",
    "KeepNote",
    "KeepPlan",
    "KeepTags",
    "Overrides",
    "PlanPath",
    "Ray",
    "ReportPath",
    "ScenarioPath",
    "SharingLoss",
    "Unverified",
]

ScenarioPath = Annotated[
    Path,
    typer.Argument(
        metavar="SCENARIO",
        help="The scenario: a .yaml file, or an .xlsx workbook.",
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace one value of the scenario, e.g. slo.0.limit_ms=400; may be repeated.",
        show_default=False,
    ),
]
PlanPath = Annotated[
    Path, typer.Argument(metavar="PLAN", help="The plan file (plan.json).", show_default=False)
]
ItsScenario = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="The plan's scenario, where the path in the plan does not lead to it.",
        show_default=False,
    ),
]
Unverified = Annotated[
    bool,
    typer.Option(
        "--unverified", help="Look at a plan that fails its checks; every output says that it does."
    ),
]
ReportPath = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Write the report as an Excel workbook.", show_default=False),
]
KeepPlan = Annotated[
    bool, typer.Option("--save", help="Keep it in the library, under the scenario's name.")
]
KeepAs = Annotated[
    str | None,
    typer.Option(
        "--save-as", metavar="NAME", help="Keep it in the library by this name.", show_default=False
    ),
]
KeepTags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="TAG",
        help="Keep it in the library with this tag; may be repeated.",
        show_default=False,
    ),
]
KeepNote = Annotated[
    str | None,
    typer.Option(
        "--note", metavar="TEXT", help="Keep it in the library with a note.", show_default=False
    ),
]
Jobs = Annotated[
    int, typer.Option(min=0, max=1024, metavar="N", help="Processes; 0 = one per core.")
]
"""Bounded: the system's own limits on processes are met in the middle of the work."""
Dask = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Plan on the Dask cluster there.", show_default=False),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Plan on the Ray cluster there; auto: that of this machine.",
        show_default=False,
    ),
]
SHARING_LOSS_PCT = 7.5
"""That of `models.serving.gpu_sharing`, which `--help` does not load."""
SharingLoss = Annotated[
    float,
    typer.Option(metavar="PCT", help="Throughput of a GPU that is lost between busy neighbours."),
]
