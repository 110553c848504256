"""LLMRouterBench: `bench/<dataset>/<split>/<model>/<timestamp>.json`, a JSON object whose list
`records` has an item for each prompt, with `index`, `origin_query` and `score`.

    prompt id    dataset/split/index   fingerprint    SHA-256 of origin_query

Of several runs of one model the newest counts. Prompts and answers are read past, not kept.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from profiles.importers.formats.stream import stream_list_items
from profiles.io.faults import Fault
from profiles.score_importers.grades import Grade, NoGradeError, grade_of_value

__all__ = ["llm_router_bench_run", "read_llm_router_bench"]


def llm_router_bench_run(path: Path) -> tuple[tuple[str, str, str], str]:
    """((dataset, split, model), timestamp) of a file by its folders."""
    *_, dataset, split, model = ("", "", "", *path.resolve().parent.parts)
    return (dataset, split, model), path.name.partition(".json")[0]


def read_llm_router_bench(path: Path) -> Iterator[Grade | Fault]:
    """Grades of one file."""
    (dataset, split, model), _ = llm_router_bench_run(path)
    faults: list[Fault] = []
    count = 0
    for item in stream_list_items(path, "records", ("index", "origin_query", "score"), faults):
        place = f"records.{count}"
        count += 1
        index = item.get("index")
        if index is None or isinstance(index, float) or "score" not in item:
            problem = "the record has no index and score"
            yield Fault(str(path), place, "", problem, "name results of LLMRouterBench")
            continue
        try:
            value = grade_of_value(item["score"])
        except NoGradeError as error:
            problem, fix = "this is no grade", "check how the model was scored"
            yield Fault(str(path), f"{place}.score", str(error), problem, fix)
            continue
        query = item.get("origin_query")
        mark = (
            hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            if isinstance(query, str)
            else ""
        )
        yield Grade(model, f"{dataset}/{split}/{index}", value, place, mark)
    if not count and not faults:
        problem = "the file has no list of records"
        faults.append(Fault(str(path), "", "", problem, "name results of LLMRouterBench"))
    yield from faults
