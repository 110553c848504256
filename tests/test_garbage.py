"""The garbage collector rests inside and runs again after, whatever happens."""

import gc

import pytest

from planner.garbage import without_garbage_collection


@pytest.fixture(autouse=True)
def _restored() -> object:
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


def test_it_rests_inside_and_runs_again_after_a_failure() -> None:
    gc.enable()

    @without_garbage_collection()
    def fail() -> None:
        assert not gc.isenabled()
        with without_garbage_collection():
            pass
        assert not gc.isenabled(), "the inner one must not let it run within the outer one"
        raise ValueError("planted")

    with pytest.raises(ValueError, match="planted"):
        fail()
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off() -> None:
    gc.disable()
    with without_garbage_collection():
        pass
    assert not gc.isenabled()
