"""LLMs outside as rows of a table, and back."""

from app_pages.widgets.demand.outside_table import (
    _outside_columns,
    outside_entries,
    outside_rows,
)
from tests.pages.widgets.demand.test_case_table import day


def test_rows_are_the_llms_again_and_latencies_without_a_column_stay() -> None:
    content = day()
    far = content["llms"][0]
    columns = _outside_columns(content)
    # Those that it states, and those that an SLO limits.
    assert list(columns)[5:] == ["ttft_mean_ms", "ttft_p95_ms"]
    rows = outside_rows(columns, [far])
    assert outside_entries([far], rows, [0]) == [far]
    known = {**far, "api": {**far["api"], "e2e_p99_ms": 9000.0}}
    (edited,) = outside_entries([known], [{**rows[0], "max_rate_rps": 9.0}], [0])
    assert edited == {**known, "api": {**known["api"], "max_rate_rps": 9.0}}
    content["slo"].append({"metric": "e2e", "statistic": "p90"})
    assert "e2e_p90_ms" in _outside_columns(content)


def test_a_new_row_is_an_llm_with_all_its_keys() -> None:
    far = day()["llms"][0]
    (new,) = outside_entries([], [{"name": "api", "usd_per_request": 0.01}], [None])
    assert set(new) == set(far)
    assert set(new["api"]) == set(far["api"])
    assert new["api"]["usd_per_request"] == 0.01
