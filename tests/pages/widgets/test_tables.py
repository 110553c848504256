"""Tables on the page: number formats by the unit in a header."""

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages.widgets.tables import (
    WIDE,
    _shown_table_cells,
    _table_widget_config,
    _table_widget_number_format,
)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("TTFT mean (ms)", "%,.1f"),
        ("Rate (req/s)", "%,.2f"),
        ("Quality (mean score)", "%.5f"),
        ("Change of quality (mean score)", "%+.3g"),
        ("MPS share (%)", "%g"),
        ("Replicas", "%,.6g"),
    ],
)
def test_units_decide(header: str, form: str) -> None:
    assert _table_widget_number_format(header) == form


@pytest.mark.parametrize("columns", [WIDE - 1, WIDE])
def test_a_wide_table_says_that_it_scrolls(columns: int) -> None:
    def draw(columns: int) -> None:
        import pandas as pd

        from app_pages.widgets.tables import draw_shown_table

        draw_shown_table(pd.DataFrame([range(columns)]).add_prefix("c"), "Numbers.")

    app = AppTest.from_function(draw, args=(columns,)).run()
    assert not app.exception
    told = [caption.value for caption in app.caption]
    words = "8 columns, scrollable sideways."
    assert told == ([words] if columns >= WIDE else [])


def test_truth_values_are_boxes_in_tables_of_objects_too() -> None:
    frame = pd.DataFrame({"Certain": [True, False], "Rate": [1, 2]}, dtype=object)
    kinds = [_table_widget_config(frame, head)["type_config"]["type"] for head in frame]
    assert kinds == ["checkbox", "number"]


def test_the_longest_name_of_an_llm_is_not_cut_off_among_shorter_ones() -> None:
    name = "meta-llama/Meta-Llama-3.3-70B-Instruct-FP8-dynamic"
    frame = pd.DataFrame({"LLM": ["a", "b", "c", name], "Pool": ["p"] * 4})
    assert _table_widget_config(frame, "LLM")["width"] >= 6.4 * len(name) + 20
    assert _table_widget_config(frame, "Pool")["width"] is None
    assert _table_widget_config(frame[:0], "LLM")["width"] is None


def test_an_instance_has_no_mps_share_and_nothing_is_minus_zero() -> None:
    shares = {"MPS share (%)": [50.0, 300 / 7], "MIG profile": ["", "3g.40gb"]}
    frame = pd.DataFrame({**shares, "Loss (%)": [-0.004, -0.006]})
    shown = _shown_table_cells(frame)
    assert list(shown["MPS share (%)"].isna()) == [False, True]
    assert [str(value) for value in shown["Loss (%)"]] == ["0.0", "-0.006"]
    assert list(frame["MPS share (%)"]) == [50.0, 300 / 7]
