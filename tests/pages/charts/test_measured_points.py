"""Points of benchmark files as a chart: a line an option, the ends of each in the text."""

import pandas as pd

from app_pages.charts.measured_points import build_measured_points_chart
from tests.support.page.page_charts import rows_of

FRAME = pd.DataFrame(
    {
        "llm": ["a", "a", "b"],
        "gpu": ["x", "x", "y"],
        "tp_degree": [1, 1, 2],
        "mps_share_pct": [100.0, 100.0, 50.0],
        "rate_rps": [4.0, 2.0, 1.0],
        "ttft_mean_ms": [None, None, None],
        "tpot_mean_ms": [30.0, 20.0, 50.0],
    }
)


def test_the_first_latency_that_is_known_is_drawn() -> None:
    described = build_measured_points_chart(FRAME)
    assert described is not None
    assert {row["Option"] for row in rows_of(described)} == {
        "a on x, TP 1, 100 %",
        "b on y, TP 2, 50 %",
    }
    assert described[1] == (
        "TPOT mean (ms) over the rate. a on x, TP 1, 100 %: 20 at 2 req/s to 30 at 4 req/s;"
        " b on y, TP 2, 50 %: 50 at 1 req/s to 50 at 1 req/s."
    )


def test_a_table_of_percentiles_alone_has_no_chart() -> None:
    assert build_measured_points_chart(FRAME.drop(columns="tpot_mean_ms")) is None


def test_lines_of_one_llm_are_told_apart_by_what_differs() -> None:
    def setups(frame: pd.DataFrame) -> set[str]:
        described = build_measured_points_chart(frame)
        assert described is not None
        return {row["Setup"] for row in rows_of(described)}

    assert setups(FRAME) == {"x, TP 1, 100 %", "y, TP 2, 50 %"}
    assert setups(FRAME.assign(gpu="x", mps_share_pct=100.0)) == {"TP 1", "TP 2"}
    assert setups(FRAME.head(2)) == {""}
