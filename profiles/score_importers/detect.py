"""What benchmark a file of grades is of, by its content and never by its name alone.

Ours and those of plug-ins (`profiles.plugins`) are asked one after the other; the first that
recognises a file reads it.
"""

import zlib
from enum import StrEnum
from pathlib import Path

from profiles.importers.discover import NOT_READ
from profiles.importers.formats.stream import sniff_stream, stream_list_items
from profiles.io.faults import Fault
from profiles.plugins.entry_points import Plugin, load_plugins, plugin_failure
from profiles.plugins.own_entry_points import PluginGroup
from profiles.score_importers.own_scorers import is_grade_table
from profiles.score_importers.router_bench import pickle_fault

__all__ = ["GradeFormat", "detect_grade_format"]


class GradeFormat(StrEnum):
    """Our own formats, by the names of their entry points."""

    LLM_ROUTER_BENCH = "LLMRouterBench"
    LM_EVAL = "lm-evaluation-harness"
    SEMANTIC_ROUTER = "semantic-router"
    ROUTER_BENCH = "RouterBench"


KNOWN = (
    "LLMRouterBench JSON, lm-evaluation-harness samples, semantic-router JSONL, RouterBench tables"
)


def detect_grade_format(path: Path) -> str | Fault:
    """The name of the scorer that reads a file, or why there is none."""
    if fault := pickle_fault(path):
        return fault
    failed: list[str] = []
    try:
        for plugin in load_plugins(PluginGroup.SCORERS).found.values():
            if _is_detected(plugin, path, failed):
                return plugin.name
        return _unknown_grade_format(path, failed)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        problem = f"the file cannot be read ({reason})"
        return Fault(str(path), "", "", problem, "check its permissions, or copy it again")


def _is_detected(plugin: Plugin, path: Path, failed: list[str]) -> bool:
    """Whether a scorer recognises a file; failed: sentences on code of others that ends in an
    error.
    """
    if plugin.is_own:
        return bool(plugin.made.recognises(path))
    try:
        return bool(plugin.made.recognises(path))
    except Exception as error:  # another's code must not end the import of all other files
        failed.append(
            f"; scorer {plugin.name} of {plugin.distribution} failed ({plugin_failure(error)})"
        )
        return False


def _unknown_grade_format(path: Path, failed: list[str]) -> Fault:
    """Why nobody reads it."""
    others = load_plugins(PluginGroup.SCORERS).others
    known = KNOWN + "".join(f", {plugin.name} ({plugin.distribution})" for plugin in others)
    if is_grade_table(path):
        problem = (
            "this is no RouterBench table (sample_id, and <model> beside <model>|total_cost)"
            + "".join(failed)
        )
        fix = "a table with prompt_id and a column for each LLM needs no import; else name one of:"
        return Fault(str(path), "", "", problem, f"{fix} {known}")
    kind = sniff_stream(path)
    if kind not in ("json", "text"):
        return Fault(str(path), "", "", *NOT_READ.get(kind, NOT_READ["binary"]))
    if kind == "json":
        faults: list[Fault] = []
        next(stream_list_items(path, "records", ("index", "score"), faults), None)
        if faults:
            return faults[0]
    problem = "this is no file of grades that is known" + "".join(failed)
    return Fault(str(path), "", "", problem, f"name {known}")
