"""Which tool wrote a tree, by what is in it; and what is known not to be a load point."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from profiles.importers.formats import aiperf, benchmark_report, guidellm, inference_perf
from profiles.importers.formats.fields import field_at
from profiles.importers.formats.record import Run
from profiles.plugins.entry_points import Plugin, load_plugins, plugin_failure
from profiles.plugins.own_entry_points import PluginGroup

__all__ = ["KNOWN_TOOLS", "ReadItem", "detect_runs", "known_tools"]

KNOWN_TOOLS = (
    "vLLM bench serve and bench sweep, llm-d Benchmark Report 0.2, GuideLLM, SGLang bench_serving,"
    " inference-perf, aiperf, genai-perf, and our own profile table (CSV or Parquet)"
)


def known_tools() -> str:
    """The tools whose files are read, those of plug-ins too."""
    others = load_plugins(PluginGroup.IMPORTERS).others
    return KNOWN_TOOLS + "".join(f"; {plugin.name} ({plugin.distribution})" for plugin in others)


ReadItem = Run | tuple[str, str, bool]
"""A run, or (place, why there is none, whether the file is a known companion that may be passed
over).
"""


def detect_runs(tree: Any, file: str, place: str) -> Iterator[ReadItem]:
    """Every run of a tree; lists, also lists of lists, are read item by item."""
    if isinstance(tree, list):
        if not tree:
            yield place, "the list is empty", False
        if tree and all(
            isinstance(item, Mapping) and "benchmark" in item and "metric" in item for item in tree
        ):
            yield (
                place,
                (
                    "this is vLLM's side file for the PyTorch benchmark format; the run is in the"
                    " file next to it"
                ),
                True,
            )
            return
        for k, item in enumerate(tree):
            yield from detect_runs(item, file, f"{place}, item {k}" if place else f"item {k}")
        return
    if not isinstance(tree, Mapping):
        yield place, "this is no benchmark result", False
        return
    passed = _detect_companion(tree)
    if passed:
        yield place, passed, True
        return
    failures: list[str] = []
    for plugin in load_plugins(PluginGroup.IMPORTERS).found.values():
        runs = _runs_of_plugin(plugin, tree, file, place, failures)
        if runs is not None:
            yield from runs
            return
    yield place, "; ".join([_detect_nearest_tool(tree), *failures]), False


def _runs_of_plugin(
    plugin: Plugin, tree: Mapping[str, Any], file: str, place: str, failures: list[str]
) -> Sequence[ReadItem] | None:
    """What an importer reads of a tree; None where it is not its own. failures: sentences on code
    of others that ends in an error, which ends nothing else.
    """
    if plugin.is_own:
        own = plugin.made.recognises(tree)
        return plugin.made.read_runs(tree, file, place) if own else None
    recognised = False
    try:
        recognised = bool(plugin.made.recognises(tree))
        runs = list(plugin.made.read_runs(tree, file, place)) if recognised else []
    except Exception as error:  # another's code must not end the planner
        failure = f"importer {plugin.name} of {plugin.distribution} failed"
        failure += f" ({plugin_failure(error)})"
        if recognised:
            return [(place, failure, False)]
        failures.append(failure)
        return None
    if not all(isinstance(run, Run) for run in runs):
        failure = f"importer {plugin.name} of {plugin.distribution} gave something that is no Run"
        return [(place, failure, False)]
    return runs if recognised else None


def _detect_companion(tree: Mapping[str, Any]) -> str:
    """Why a file that belongs to a known tool holds no load point; "" when it may hold one."""
    if inference_perf.is_inference_perf(tree) and inference_perf.is_summary(tree):
        return (
            "this summary of inference-perf mixes all stages and is no load point; the stage files"
            " are read instead"
        )
    if aiperf.is_sweep(tree):
        return (
            "this is the summary of a sweep of aiperf; its runs' profile_export_aiperf.json files"
            " are read instead"
        )
    if "benchmark" in tree and "metric" in tree:
        return (
            "this is vLLM's side file for the PyTorch benchmark format; the run is in the file"
            " next to it"
        )
    if (
        benchmark_report.is_benchmark_report(tree)
        and not guidellm.is_guidellm(tree)
        and (version := benchmark_report.is_foreign_report_version(tree))
    ):
        reason = (
            "has no results.request_performance"
            if version.startswith("0.2")
            else "is not of the 0.2 line"
        )
        return (
            f"this llm-d Benchmark Report (version {version}) {reason}; write it again with a newer"
            " llm-d-benchmark"
        )
    return ""


def _detect_nearest_tool(tree: Mapping[str, Any]) -> str:
    """Say what is missing when a tree looks almost like a known tool's."""
    if any(key.startswith(("mean_ttft", "median_ttft", "mean_e2e")) for key in tree):
        return (
            "this looks like a summary of vLLM or SGLang, but the achieved rate"
            " (request_throughput) is missing, and so are completed and duration"
        )
    if isinstance(tree.get("benchmarks"), list):
        return (
            "it has a list of benchmarks as GuideLLM writes it, but none has"
            " metrics.requests_per_second"
        )
    if field_at(tree, "experiments") is not None or field_at(tree, "records") is not None:
        return (
            "these are single requests, not a summary; name the tool's summary"
            " (profile_export_genai_perf.json, profile_export_aiperf.json)"
        )
    if "status" in tree and field_at(tree, "data", "resultType") is not None:
        return "this is an answer of Prometheus; name it by --prometheus"
    keys = ", ".join(list(map(str, tree))[:6])
    return (
        f"no known tool writes such a file (it begins with the keys: {keys})"
        if tree
        else "the object is empty"
    )
