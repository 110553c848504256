"""A tighter limit to plan with: what was observed comes down to the limit, rounded down."""

import pytest

from planner.presentation.retry_advice import retry_line, tightened_limit_to_retry


@pytest.mark.parametrize(
    ("limit", "planned", "upper", "tightened"),
    [
        (150.0, None, 165.0, 136.0),  # 150 * 150 / 165 = 136.36
        (150.0, 150.0, 150.0, 150.0),
        (150.0, 140.0, 160.0, 131.0),  # 150 / 160 * 140 = 131.25
        (0.15, 0.16, 0.2, 0.112),  # what was planned beyond the limit counts as the limit
    ],
)
def test_the_limit_is_scaled_and_rounded_down(
    limit: float, planned: float | None, upper: float, tightened: float
) -> None:
    assert tightened_limit_to_retry(limit, planned, upper) == pytest.approx(tightened)


def test_the_line_can_be_typed() -> None:
    line = retry_line(
        {"slo.0.limit_ms": 136.0, "arrival_rate_rps": 60.5}, ["mean TTFT 150 ms"], "route"
    )
    assert line.startswith(
        "Try: plan with --set slo.0.limit_ms=136 --set arrival_rate_rps=60.5 and route again;"
    )


def test_on_the_page_the_line_names_fields() -> None:
    changes = {"slo.1.limit_ms": 136.0, "headroom.rate_pct": 6.6}
    fields = {
        "slo.1.limit_ms": "the limit on mean TTFT (ms)",
        "headroom.rate_pct": "Headroom of the arrival rate (%)",
    }
    line = retry_line(changes, ["mean TTFT 150 ms"], "test", fields)
    assert line.startswith(
        "Try: on the page Inputs set the limit on mean TTFT (ms) to 136 and Headroom of the arrival"
        " rate (%) to 6.6, press Solve and test again; compare with mean TTFT 150 ms."
    )
