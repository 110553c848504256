"""Names of kept plans, without what all of them share."""

import pytest

from app_pages.session.saved_plans import shorten_saved_names


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["trio, as given", "trio, 50 req/s"], ["as given", "50 req/s"]),
        (["trio, 50 req/s", "trio, 50 req/s, 2 nodes"], ["50 req/s", "50 req/s, 2 nodes"]),
        (["trio", "trio, 50 req/s"], ["trio", "trio, 50 req/s"]),
        ([], []),
    ],
)
def test_shared_beginnings_are_left_out(names: list[str], short: list[str]) -> None:
    assert shorten_saved_names(names) == short
