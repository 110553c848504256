"""Our own entry points of `llm_planner.scorers`."""

from pathlib import Path

from profiles.importers.formats.stream import sniff_stream, stream_list_items
from profiles.io.faults import Fault
from profiles.io.json_lines import first_json_line
from profiles.score_importers.llm_router_bench import llm_router_bench_run, read_llm_router_bench
from profiles.score_importers.lm_eval import is_lm_eval_row, lm_eval_run, read_lm_eval
from profiles.score_importers.router_bench import read_router_bench, router_bench_models
from profiles.score_importers.scorer_protocol import GradeFileFormat, every_file_is_a_run
from profiles.score_importers.semantic_router import (
    is_semantic_router_row,
    read_semantic_router,
)

__all__ = ["LLM_ROUTER_BENCH", "LM_EVAL", "ROUTER_BENCH", "SEMANTIC_ROUTER", "is_grade_table"]


def is_grade_table(path: Path) -> bool:
    """Whether a file is a table by its name."""
    return path.suffix.lower() in (".csv", ".parquet")


def _is_own_router_bench(path: Path) -> bool:
    return is_grade_table(path) and router_bench_models(path) is not None


def _is_own_lm_eval(path: Path) -> bool:
    row = None if is_grade_table(path) or sniff_stream(path) != "json" else first_json_line(path)
    return row is not None and is_lm_eval_row(row)


def _is_own_semantic_router(path: Path) -> bool:
    row = None if is_grade_table(path) or sniff_stream(path) != "json" else first_json_line(path)
    return row is not None and is_semantic_router_row(row)


def _is_own_llm_router_bench(path: Path) -> bool:
    if is_grade_table(path) or sniff_stream(path) != "json":
        return False
    faults: list[Fault] = []
    items = stream_list_items(path, "records", ("index", "score"), faults)
    return {"index", "score"} <= set(next(items, {}))


ROUTER_BENCH = GradeFileFormat(
    _is_own_router_bench, lambda path, choices: read_router_bench(path), every_file_is_a_run
)
LM_EVAL = GradeFileFormat(
    _is_own_lm_eval,
    lambda path, choices: read_lm_eval(path, choices.metrics, choices.answer_filter),
    lm_eval_run,
)
SEMANTIC_ROUTER = GradeFileFormat(
    _is_own_semantic_router, lambda path, choices: read_semantic_router(path), every_file_is_a_run
)
LLM_ROUTER_BENCH = GradeFileFormat(
    _is_own_llm_router_bench,
    lambda path, choices: read_llm_router_bench(path),
    llm_router_bench_run,
)
