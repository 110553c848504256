"""Ours are always there; another's that is broken is left out with its distribution's name."""

from pathlib import Path

import pytest

from profiles.plugins.entry_points import OWN_DISTRIBUTION, load_plugins
from profiles.plugins.own_entry_points import OWN_ENTRY_POINTS, PluginGroup
from tests.support.plugins.installed_plugins import write_distribution

GROUP = PluginGroup.SCORERS
GOOD = """
class Good:
    def recognises(self, path): return False
    def run_of(self, path): return (), ""
    def read_grades(self, path, choices): return iter(())
GOOD = Good()
HALF = object()
"""


def test_a_plug_in_comes_after_ours(plugin_path: Path):
    write_distribution(plugin_path, "mine", {GROUP: {"judge": "GOOD"}}, GOOD)
    plugins = load_plugins(GROUP)
    assert list(plugins.found) == [*OWN_ENTRY_POINTS[GROUP], "judge"]
    assert plugins.found["judge"].distribution == "mine"
    assert [one.name for one in plugins.others] == ["judge"]
    assert plugins.notices == ()


@pytest.mark.parametrize(
    ("made", "code", "why"),
    [
        ("GOOD", "1 / 0", "it cannot be loaded (ZeroDivisionError"),
        ("GOOD", "import nothing_of_this_name", "it cannot be loaded (ModuleNotFoundError"),
        ("MISSING", GOOD, "it cannot be loaded (AttributeError"),
        ("HALF", GOOD, "it has no recognises, no run_of, no read_grades"),
    ],
)
def test_a_broken_one_is_left_out_and_the_others_go_on(
    plugin_path: Path, made: str, code: str, why: str
):
    write_distribution(plugin_path, "broken", {GROUP: {"bad": made}}, code)
    write_distribution(plugin_path, "mine", {GROUP: {"judge": "GOOD"}}, GOOD)
    plugins = load_plugins(GROUP)
    assert list(plugins.found) == [*OWN_ENTRY_POINTS[GROUP], "judge"]
    (notice,) = plugins.notices
    assert notice.startswith("plug-in 'bad' of broken (llm_planner.scorers) is left out:")
    assert why in notice


def test_a_name_that_is_taken_stays_with_ours_and_with_the_first(plugin_path: Path):
    for name in ("second", "first"):
        points = {GROUP: {"judge": "GOOD", "RouterBench": "GOOD"}}
        write_distribution(plugin_path, name, points, GOOD)
    plugins = load_plugins(GROUP)
    assert plugins.found["RouterBench"].is_own
    assert plugins.found["judge"].distribution == "first"
    assert [notice.rpartition(": ")[2] for notice in plugins.notices] == [
        "the planner itself has that name",
        "the planner itself has that name",
        "first has that name",
    ]


def test_metadata_of_an_installed_planner_are_not_loaded_twice(plugin_path: Path):
    write_distribution(plugin_path, OWN_DISTRIBUTION, {GROUP: {"RouterBench": "GOOD"}}, GOOD)
    plugins = load_plugins(GROUP)
    assert (list(plugins.found), plugins.notices) == (list(OWN_ENTRY_POINTS[GROUP]), ())
