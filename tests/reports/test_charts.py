"""Charts as files: they draw any name."""

from pathlib import Path

from planner.export.report_content import build_report
from planner.plans.plan_and_scenario import PlanAndScenario
from reports.charts import write_charts


def test_charts_draw_any_name(hostile: PlanAndScenario, tmp_path: Path) -> None:
    files = write_charts(tmp_path / "charts", build_report(hostile.plan, hostile.loaded))
    assert {path.name for path in files} == {
        f"{n}.{k}" for n in ("routing", "gpu-map", "latency-ttft-mean") for k in ("png", "svg")
    }
    for path in files:
        assert path.stat().st_size > 5_000
        start = path.read_bytes()[:200]
        assert start.startswith(b"\x89PNG") if path.suffix == ".png" else b"<?xml" in start
    assert "<dc:description>Bar chart of the requests by LLM: =1+1" in (
        tmp_path / "charts" / "routing.svg"
    ).read_text(encoding="utf-8")
