"""Our own entry points: pyproject.toml states them, and each is what its group asks for."""

import tomllib

import pytest

from profiles.plugins.entry_points import NEEDED, OWN_DISTRIBUTION, load_plugins
from profiles.plugins.own_entry_points import OWN_ENTRY_POINTS, PluginGroup
from tests.support.paths import HOME


def test_pyproject_states_the_same():
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = {group.value: dict(points) for group, points in OWN_ENTRY_POINTS.items()}
    assert project["entry-points"] == stated
    assert project["name"] == OWN_DISTRIBUTION


@pytest.mark.parametrize("group", PluginGroup)
def test_each_does_what_its_group_asks_for(group: PluginGroup):
    for plugin in load_plugins(group).found.values():
        assert plugin.is_own
        assert all(callable(getattr(plugin.made, name)) for name in NEEDED[group])
