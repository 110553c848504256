"""Kinds that are left out for one reason share its line."""

from reports.deploy.left_out import left_out_lines


def test_a_reason_is_stated_once_with_its_kinds() -> None:
    left_out = {"kubernetes": ["unequal", "wide"], "kserve": ["shares"], "llm-d": ["unequal"]}
    assert left_out_lines(left_out) == [
        "kubernetes, llm-d: unequal",
        "kubernetes: wide",
        "kserve: shares",
    ]
    assert left_out_lines({}) == []
