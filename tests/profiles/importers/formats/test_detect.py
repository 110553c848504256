"""Which tool wrote a tree; what is known not to be a load point."""

from pathlib import Path

import pytest

from profiles.importers.formats.detect import detect_runs, known_tools
from profiles.importers.formats.record import Run
from profiles.plugins.own_entry_points import PluginGroup
from tests.support.plugins.installed_plugins import write_distribution
from tests.support.scenarios.benchmark_files import aiperf, benchmark_report, guidellm, sglang, vllm


@pytest.mark.parametrize(
    ("tree", "tool"),
    [
        (vllm(), "vllm"),
        (sglang(), "sglang"),
        (guidellm(2), "guidellm"),
        (aiperf(), "aiperf"),
        (benchmark_report(), "llm-d"),
    ],
    ids=["vllm", "sglang", "guidellm", "aiperf", "llm-d"],
)
def test_the_tool_is_known_by_its_content(tree: object, tool: str) -> None:
    (run,) = detect_runs(tree, "f.json", "")
    assert isinstance(run, Run)
    assert tool in run.tool.casefold().replace("bench serve", "")


def test_lists_are_read_item_by_item_with_their_place() -> None:
    first, (place, reason, companion) = detect_runs([vllm(), {"what": 1}], "f.json", "")
    assert isinstance(first, Run)
    assert (place, companion) == ("item 1", False)
    assert "no known tool" in reason


def test_what_looks_like_a_tool_says_what_is_missing() -> None:
    ((_, reason, companion),) = detect_runs({"mean_ttft_ms": 5}, "f.json", "")
    assert "request_throughput" in reason
    assert not companion


def test_a_side_file_is_a_companion() -> None:
    ((_, reason, companion),) = detect_runs([{"benchmark": {}, "metric": {}}], "f.json", "")
    assert companion
    assert "side file" in reason


ERRING = """
class Erring:
    def recognises(self, tree): return tree["mine"] == 1
    def read_runs(self, tree, file, place): return tree["runs"]
ERRING = Erring()
"""


def test_an_importer_of_others_that_ends_in_an_error_ends_nothing_else(plugin_path: Path):
    points = {PluginGroup.IMPORTERS: {"erring": "ERRING"}}
    write_distribution(plugin_path, "mine", points, ERRING)
    assert "erring (mine)" in known_tools()
    (run,) = detect_runs(vllm(), "f.json", "")
    assert isinstance(run, Run)
    ((_, reason, companion),) = detect_runs({"other": 1}, "f.json", "")
    assert "no known tool" in reason
    assert "importer erring of mine failed (KeyError" in reason
    ((_, reason, companion),) = detect_runs({"mine": 1}, "f.json", "")
    assert reason.startswith("importer erring of mine failed (KeyError")
    assert not companion
    ((_, reason, _),) = detect_runs({"mine": 1, "runs": [1]}, "f.json", "")
    assert "gave something that is no Run" in reason
