"""What benchmark a file of grades is of, by its content and never by its name alone."""

import zlib
from enum import StrEnum
from pathlib import Path

from profiles.importers.discover import NOT_READ
from profiles.importers.formats.stream import sniff_stream, stream_list_items
from profiles.io.faults import Fault
from profiles.io.json_lines import first_json_line
from profiles.score_importers.lm_eval import is_lm_eval_row
from profiles.score_importers.router_bench import pickle_fault, router_bench_models
from profiles.score_importers.semantic_router import is_semantic_router_row

__all__ = ["GradeFormat", "detect_grade_format"]


class GradeFormat(StrEnum):
    """Formats that are read."""

    LLM_ROUTER_BENCH = "LLMRouterBench"
    LM_EVAL = "lm-evaluation-harness"
    SEMANTIC_ROUTER = "semantic-router"
    ROUTER_BENCH = "RouterBench"


KNOWN = (
    "LLMRouterBench JSON, lm-evaluation-harness samples, semantic-router JSONL, RouterBench tables"
)


def detect_grade_format(path: Path) -> GradeFormat | Fault:
    """The format of a file, or why it is not read."""
    if fault := pickle_fault(path):
        return fault
    try:
        if path.suffix.lower() in (".csv", ".parquet"):
            return _format_of_grade_table(path)
        return _format_of_grade_text(path)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        problem = f"the file cannot be read ({reason})"
        return Fault(str(path), "", "", problem, "check its permissions, or copy it again")


def _format_of_grade_table(path: Path) -> GradeFormat | Fault:
    if router_bench_models(path) is not None:
        return GradeFormat.ROUTER_BENCH
    problem = "this is no RouterBench table (sample_id, and <model> beside <model>|total_cost)"
    fix = "a table with prompt_id and a column for each LLM needs no import; else name one of:"
    return Fault(str(path), "", "", problem, f"{fix} {KNOWN}")


def _format_of_grade_text(path: Path) -> GradeFormat | Fault:
    kind = sniff_stream(path)
    if kind not in ("json", "text"):
        return Fault(str(path), "", "", *NOT_READ.get(kind, NOT_READ["binary"]))
    row = first_json_line(path) if kind == "json" else None
    if row is not None and is_lm_eval_row(row):
        return GradeFormat.LM_EVAL
    if row is not None and is_semantic_router_row(row):
        return GradeFormat.SEMANTIC_ROUTER
    if kind == "json":
        faults: list[Fault] = []
        items = stream_list_items(path, "records", ("index", "score"), faults)
        if {"index", "score"} <= set(next(items, {})):
            return GradeFormat.LLM_ROUTER_BENCH
        if faults:
            return faults[0]
    return Fault(str(path), "", "", "this is no file of grades that is known", f"name {KNOWN}")
