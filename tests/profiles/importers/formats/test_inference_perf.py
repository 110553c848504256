"""inference-perf: the model is named next to the stages."""

from pathlib import Path

from tests.support.scenarios.benchmark_files import inference_perf
from tests.support.scenarios.imports import (
    check_the_standard_point,
    imported,
    lines_of_import,
    write,
)


def test_the_model_of_inference_perf_is_named_next_to_its_stages(tmp_path: Path):
    write(tmp_path, "stage_0_lifecycle_metrics.json", inference_perf())
    summary = inference_perf()
    summary["load_summary"] = {"count": 9}
    write(tmp_path, "summary_lifecycle_metrics.json", summary)
    (tmp_path / "config.yaml").write_text(
        "server: {type: vllm, model_name: Qwen/Qwen3-8B}\nload: {type: constant}\n"
    )
    found = imported(tmp_path)
    check_the_standard_point(found.frame)
    assert "mixes all stages" in lines_of_import(found)
    assert len(found.passed) == 1
