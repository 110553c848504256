"""Names of a deployment: labels that are DNS labels and differ, text on one line."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.export.deployment_names import deployment_labels, one_line

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)


@settings(deadline=None)
@given(
    st.sets(
        names | st.sampled_from(["Qwen 3", "qwen-3", "qwen.3", "fleet", "3", "-", "x"]),
        min_size=1,
        max_size=8,
    )
)
def test_labels_are_dns_labels_and_differ(texts: set[str]) -> None:
    found = deployment_labels(texts, 30, reserved=("fleet",))
    assert found.keys() == texts
    assert len(set(found.values()) | {"fleet"}) == len(texts) + 1
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", label) for label in found.values())
    assert deployment_labels(sorted(texts, reverse=True), 30, reserved=("fleet",)) == found


def test_long_names_with_a_common_beginning_differ() -> None:
    found = deployment_labels(["a" * 40, "a" * 41], 30)
    assert len(set(found.values())) == 2
    assert {len(label) for label in found.values()} == {30}


@settings(deadline=None)
@given(st.text())
def test_a_comment_stays_on_its_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert len(line) <= 200
