"""Files of grades as the benchmarks write them: three prompts, two LLMs, the same grades."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "GRADES",
    "llm_router_bench",
    "lm_eval_rows",
    "router_bench_csv",
    "semantic_router_rows",
    "write_lines",
    "write_llm_router_bench",
    "write_lm_eval",
]

GRADES: Mapping[str, tuple[float, ...]] = {"org/large": (1.0, 0.5, 1.0), "small": (0.0, 1.0, 0.5)}
"""LLM -> grade of prompts 0, 1, 2."""


def llm_router_bench(grades: tuple[float, ...]) -> dict[str, Any]:
    records = [
        {
            "index": k,
            "origin_query": f"What is {k}?",
            "prompt": [{"role": "user", "content": f"What is {k}?"}],
            "prediction": "it is",
            "ground_truth": str(k),
            "score": grade,
            "prompt_tokens": 10,
            "completion_tokens": 3,
            "cost": 0.001,
            "raw_output": {"records": [{"index": 9, "score": 9}]},
        }
        for k, grade in enumerate(grades)
    ]
    return {"performance": sum(grades) / len(grades), "counts": len(grades), "records": records}


def write_llm_router_bench(folder: Path, date: str = "20260101_120000") -> Path:
    """bench/aime/test/<model>/<date>.json of every LLM; slashes are none in these names."""
    for llm, grades in GRADES.items():
        place = folder / "bench" / "aime" / "test" / llm.rpartition("/")[2]
        place.mkdir(parents=True, exist_ok=True)
        text = json.dumps(llm_router_bench(grades), indent=1)
        (place / f"{date}.json").write_text(text, encoding="utf-8")
    return folder / "bench"


def lm_eval_rows(grades: tuple[float, ...], **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "doc_id": k,
            "doc": {"question": f"What is {k}?"},
            "target": str(k),
            "arguments": {"gen_args_0": {"arg_0": f"What is {k}?"}},
            "resps": [["it is"]],
            "filtered_resps": ["it is"],
            "filter": "none",
            "metrics": ["acc"],
            "doc_hash": f"hash of {k}",
            "prompt_hash": f"prompt {k}",
            "target_hash": f"target {k}",
            "acc": grade,
            **more,
        }
        for k, grade in enumerate(grades)
    ]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_lm_eval(
    folder: Path, task: str = "arc", date: str = "2026-01-01T12-00-00.5", **more: Any
) -> Path:
    for llm, grades in GRADES.items():
        place = folder / llm.replace("/", "__") / f"samples_{task}_{date}.jsonl"
        write_lines(place, lm_eval_rows(grades, **more))
    return folder


def semantic_router_rows() -> list[dict[str, Any]]:
    return [
        {
            "query": f"What is {k}?",
            "category": "math",
            "model_name": llm,
            "performance": grade,
            "response_time": 0.4,
        }
        for llm, grades in GRADES.items()
        for k, grade in enumerate(grades)
    ]


def router_bench_csv() -> str:
    head = ["sample_id", "prompt", "eval_name", *GRADES]
    head += [f"{llm}|{what}" for what in ("model_response", "total_cost") for llm in GRADES]
    rows = [",".join([*head, "oracle_model_to_route_to"])]
    for k in range(3):
        cells = [f"mmlu.val.{k}", f"\"['What, {k}?']\"", "mmlu"]
        cells += [str(grades[k]) for grades in GRADES.values()]
        rows.append(",".join([*cells, "['a']", "['b']", "0.001", "0.0002", "small"]))
    return "\n".join(rows) + "\n"
