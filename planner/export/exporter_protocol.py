"""What makes the files of one kind of a deploy bundle: the entry points of `llm_planner.exporters`.

A plug-in gets the servers as plain values (`planner.export.deployment` has the keys) and the
content of plan.json, and gives texts by file name; they go into a folder of the kind's name.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol

from profiles.plugins.entry_points import Plugin, load_plugins, plugin_failure
from profiles.plugins.own_entry_points import PluginGroup

__all__ = [
    "ExportedPlan",
    "PlanExporter",
    "bundle_kinds",
    "exported_files_of_kinds",
    "exporter_refusals",
]


class ExportedPlan(Protocol):
    """A verified plan with a setup, as it is exported."""

    @property
    def deployments(self) -> Sequence[Mapping[str, Any]]:
        """The servers: one entry, or one for each setup of a schedule."""

    @property
    def content(self) -> Mapping[str, Any]:
        """plan.json, of schema 1 or (classes and cases) 2."""

    def own_files(self, kind: str) -> Mapping[str, str]:
        """The files of one of our own kinds that are no objects of a cluster."""

    def own_refusals(self, kind: str) -> Sequence[str]:
        """Why one of our own kinds cannot hold it."""


class PlanExporter(Protocol):
    """Makes the files of one kind."""

    def refusals(self, plan: ExportedPlan, /) -> Sequence[str]:
        """Why the plan cannot be expressed, a reason a sentence; none when it can."""

    def files(self, plan: ExportedPlan, /) -> Mapping[str, str]:
        """Texts by file name, / between folders; asked only where nothing is refused."""


def bundle_kinds() -> tuple[str, ...]:
    """The names of all kinds, ours first."""
    return tuple(load_plugins(PluginGroup.EXPORTERS).found)


def exporter_refusals(plan: ExportedPlan) -> dict[str, list[str]]:
    """Why a plan cannot be expressed, by kind. An exporter of others that ends in an error refuses
    with what it raised.
    """
    refused: dict[str, list[str]] = {}
    for name, plugin in load_plugins(PluginGroup.EXPORTERS).found.items():
        if plugin.is_own:
            refused[name] = list(plugin.made.refusals(plan))
            continue
        try:
            refused[name] = [str(reason) for reason in plugin.made.refusals(plan)]
            if not refused[name]:
                _files_of_others(plugin, plan)
        except Exception as error:  # another's code must not end the export of all other kinds
            said = f"exporter {name} of {plugin.distribution} failed ({plugin_failure(error)})"
            refused[name] = [said]
    return refused


def exported_files_of_kinds(plan: ExportedPlan, chosen: Sequence[str]) -> dict[str, str]:
    """The files of kinds that refuse nothing; those of others in a folder of the kind's name."""
    files: dict[str, str] = {}
    for name, plugin in load_plugins(PluginGroup.EXPORTERS).found.items():
        if name in chosen:
            files |= plugin.made.files(plan) if plugin.is_own else _files_of_others(plugin, plan)
    return files


def _files_of_others(plugin: Plugin, plan: ExportedPlan) -> dict[str, str]:
    """ValueError for names that lead out of the folder, and for what is no text."""
    files: dict[str, str] = {}
    for name, text in plugin.made.files(plan).items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
            raise ValueError(f"{name!r} is no name of a file in the bundle")
        if not isinstance(text, str):
            raise TypeError(f"{name} is {type(text).__name__}, no text")
        files[f"{plugin.name}/{path}"] = text
    return files
