"""The command `plugins`: importers, exporters and scorers, ours and those of others."""

import json

import pandas as pd

from planner.cli.terminal.frame import NEGATIVE_VERDICT, framed_command, warn
from planner.cli.terminal.output import output_table, plain_output_console
from profiles.plugins.entry_points import OWN_DISTRIBUTION, load_plugins
from profiles.plugins.own_entry_points import PluginGroup

__all__ = ["run_plugins"]

TITLES = {
    PluginGroup.IMPORTERS: "Importers of benchmark files (profile import)",
    PluginGroup.EXPORTERS: "Exporters of deploy bundles (export --only)",
    PluginGroup.SCORERS: "Scorers: importers of grades (scores import)",
}


@framed_command
def run_plugins(*, as_json: bool) -> int:
    """Print; return the exit code."""
    sets = {group: load_plugins(group) for group in PluginGroup}
    notices = [notice for one in sets.values() for notice in one.notices]
    if as_json:
        groups = {
            group.value: [
                {"name": plugin.name, "distribution": plugin.distribution or OWN_DISTRIBUTION}
                for plugin in one.found.values()
            ]
            for group, one in sets.items()
        }
        print(json.dumps({"plugins": groups, "left_out": notices}, indent=1))
        return NEGATIVE_VERDICT if notices else 0
    console = plain_output_console()
    for group, one in sets.items():
        rows = [
            (plugin.name, plugin.distribution or "the planner") for plugin in one.found.values()
        ]
        frame = pd.DataFrame(rows, columns=["Name", "Of"])
        output_table(console, TITLES[group], frame, [("Name", "name", str), ("Of", "of", str)])
    warn([f"Notice: {notice}" for notice in notices])
    return NEGATIVE_VERDICT if notices else 0
