"""The command `plugins`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from profiles.plugins.own_entry_points import OWN_ENTRY_POINTS, PluginGroup
from tests.support.plugins.installed_plugins import write_distribution


def test_ours_are_listed():
    done = CliRunner().invoke(app, ["plugins"], env={"COLUMNS": "80"})
    assert (done.exit_code, done.stderr) == (0, "")
    for points in OWN_ENTRY_POINTS.values():
        assert all(name in done.stdout for name in points)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_one_that_is_left_out_is_named_and_is_exit_6(plugin_path: Path):
    write_distribution(plugin_path, "broken", {PluginGroup.IMPORTERS: {"bad": "X"}}, "1 / 0")
    done = CliRunner().invoke(app, ["plugins", "--json"])
    assert done.exit_code == 6
    content = json.loads(done.stdout)
    assert list(content["plugins"]) == [group.value for group in PluginGroup]
    assert "of broken" in content["left_out"][0]
    done = CliRunner().invoke(app, ["plugins"])
    assert done.exit_code == 6
    assert "Notice: plug-in 'bad' of broken" in done.stderr
