"""Tables on the page: number formats by the unit in a header."""

import pytest

from app_pages.widgets.tables import _table_widget_number_format


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
