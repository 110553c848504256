"""Charts of the page Setups: their texts say where the plan lies."""

import pandas as pd

from app_pages.charts.setups import build_setup_places_chart, build_setups_histogram_chart
from planner.presentation.setup_listing import QUALITY
from tests.support.page.page_charts import rows_of

MARKS = pd.DataFrame(
    {
        "Mark": ["joint plan", "best listed setup", "two-stage"],
        "Kind": ["plan", "setup", "baseline"],
        QUALITY: [0.75, 0.75, 0.7],
        "Note": ["", "", ""],
    }
)
BINS = pd.DataFrame(
    {"From (mean score)": [0.6, 0.7], "To (mean score)": [0.7, 0.8], "Setups": [3, 9]}
)


def test_the_plan_is_marked_among_the_bins() -> None:
    chart = build_setups_histogram_chart(BINS, MARKS)
    assert sum(row.get("Setups", 0) for row in rows_of(chart)) == 12
    assert chart[1].endswith(
        "0.6000 to 0.7000: 3; 0.7000 to 0.8000: 9. The joint plan lies at 0.75000."
    )
    bars = chart[0].to_dict()["layer"][0]["encoding"]["y"]
    assert bars["scale"]["domain"][1] > 10, "the plan's name lies on the highest bar"
    assert "joint plan" not in build_setups_histogram_chart(BINS, MARKS[1:])[1]


def test_every_mark_has_its_place() -> None:
    chart = build_setup_places_chart(MARKS)
    assert [row["Label"] for row in rows_of(chart)] == ["0.75000", "0.75000", "0.70000"]
    assert chart[1] == (
        "Quality on one scale: joint plan 0.75000; best listed setup 0.75000; two-stage 0.70000."
    )
