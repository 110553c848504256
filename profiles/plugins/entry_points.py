"""Entry points of a group, loaded: ours first, then those of other distributions by their names.

A plug-in is code that its user has installed, and runs with the same rights as the planner. One
that cannot be loaded, lacks what its group asks for, or takes a name that is taken is left out with
one sentence that names its distribution; all others go on. Of two with one name ours wins, else the
first distribution in alphabetical order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from profiles.io.faults import shown_in_fault
from profiles.plugins.own_entry_points import OWN_ENTRY_POINTS, PluginGroup

__all__ = ["OWN_DISTRIBUTION", "Plugin", "PluginSet", "load_plugins", "plugin_failure"]

OWN_DISTRIBUTION = "joint-llm-planner"
NEEDED: Mapping[PluginGroup, tuple[str, ...]] = {
    PluginGroup.IMPORTERS: ("recognises", "read_runs"),
    PluginGroup.EXPORTERS: ("refusals", "files"),
    PluginGroup.SCORERS: ("recognises", "run_of", "read_grades"),
}
"""Methods of the protocols."""


@dataclass(frozen=True)
class Plugin:
    """One entry point. made: what it names; distribution: "" for ours."""

    name: str
    made: Any
    distribution: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is ours."""
        return not self.distribution


@dataclass(frozen=True)
class PluginSet:
    """found: by name, in the order in which they are asked; notices: what was left out, and why."""

    found: Mapping[str, Plugin]
    notices: tuple[str, ...]

    @property
    def others(self) -> tuple[Plugin, ...]:
        """Those of other distributions."""
        return tuple(plugin for plugin in self.found.values() if not plugin.is_own)


@cache
def load_plugins(group: PluginGroup) -> PluginSet:
    """Everything of a group, loaded once a process."""
    found: dict[str, Plugin] = {}
    for name, value in OWN_ENTRY_POINTS[group].items():
        found[name] = Plugin(name, EntryPoint(name, value, group.value).load())
    notices: list[str] = []
    others = [
        (_distribution_of_plugin(point), point)
        for point in entry_points(group=group.value)
        if _distribution_of_plugin(point) != OWN_DISTRIBUTION
    ]
    for distribution, point in sorted(others, key=lambda one: (one[0], one[1].name)):
        head = f"plug-in {shown_in_fault(point.name)} of {distribution} ({group.value})"
        if point.name in found:
            holder = found[point.name].distribution or "the planner itself"
            notices.append(f"{head} is left out: {holder} has that name")
            continue
        made, problem = _loaded_plugin(point, NEEDED[group])
        if problem:
            notices.append(f"{head} is left out: {problem}")
        else:
            found[point.name] = Plugin(point.name, made, distribution)
    return PluginSet(found, tuple(notices))


def _distribution_of_plugin(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed distribution"


def _loaded_plugin(point: EntryPoint, needed: tuple[str, ...]) -> tuple[Any, str]:
    """(what an entry point names, why it is none)."""
    try:
        made = point.load()
    except Exception as error:  # whatever another's module raises must not end the planner
        return None, f"it cannot be loaded ({plugin_failure(error)})"
    lacking = [name for name in needed if not callable(getattr(made, name, None))]
    return made, f"it has no {', no '.join(lacking)}" if lacking else ""


def plugin_failure(error: Exception) -> str:
    """What another's code has raised, in short."""
    return f"{type(error).__name__}: {shown_in_fault(str(error), 120)}"
