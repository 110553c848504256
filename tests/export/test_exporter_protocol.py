"""Exporters of others: their files lie in a folder of the kind, and their errors refuse."""

from pathlib import Path

import pytest

from planner.errors import DataError
from planner.export.bundle import build_bundle, parse_bundle_kinds
from planner.export.exporter_protocol import bundle_kinds
from profiles.plugins.own_entry_points import OWN_ENTRY_POINTS, PluginGroup
from tests.support.plans import export_cases
from tests.support.plans.export_cases import ON
from tests.support.plugins.installed_plugins import write_distribution

GROUP = PluginGroup.EXPORTERS
CODE = """
class Note:
    names = ("a/note.txt",)
    text = "hello"
    def refusals(self, plan): return []
    def files(self, plan):
        return {name: self.text for name in self.names}
class Never(Note):
    def refusals(self, plan): return ["not today"]
class Fails(Note):
    def files(self, plan): return plan.nothing
class Leads(Note):
    names = ("../out.txt",)
class Absolute(Note):
    names = ("/etc/x",)
class Number(Note):
    text = 3
NOTE, NEVER, FAILS, LEADS, ABSOLUTE, NUMBER = (
    made() for made in (Note, Never, Fails, Leads, Absolute, Number)
)
"""


def put(folder: Path, *names: str) -> None:
    write_distribution(folder, "mine", {GROUP: {name.lower(): name for name in names}}, CODE)


def test_ours_are_all_there():
    assert bundle_kinds() == tuple(OWN_ENTRY_POINTS[GROUP])


def test_files_lie_in_a_folder_of_the_kind_and_in_the_readme(plugin_path: Path):
    put(plugin_path, "NOTE")
    assert parse_bundle_kinds("note,router") == ["router", "note"]
    whole = build_bundle(export_cases.trio(), ON)
    assert whole.files["note/a/note.txt"] == "hello"
    assert "`note/a/note.txt`" in whole.files["README.md"]
    alone = build_bundle(export_cases.trio(), ON, ["note"])
    assert set(alone.files) == {"README.md", "note/a/note.txt"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("NEVER", "not today"),
        ("FAILS", "exporter fails of mine failed (AttributeError"),
        ("LEADS", "no name of a file in the bundle"),
        ("ABSOLUTE", "no name of a file in the bundle"),
        ("NUMBER", "is int, no text"),
    ],
)
def test_what_cannot_be_exported_is_left_out_and_refused_by_name(
    plugin_path: Path, name: str, why: str
):
    put(plugin_path, name)
    made = build_bundle(export_cases.trio(), ON)
    assert why in made.left_out[name.lower()][0]
    assert "deploy.sh" in made.files
    assert not [path for path in made.files if path.startswith(name.lower())]
    with pytest.raises(DataError) as error:
        build_bundle(export_cases.trio(), ON, [name.lower()])
    assert why in str(error.value)
