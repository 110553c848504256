"""A clock on which seconds pass quickly: a slow or busy machine."""

import time
from collections.abc import Callable

import pytest

__all__ = ["FastClock"]


class FastClock:
    """Replaces `time.perf_counter`. Real pace until `start`, from then on `pace` seconds pass in
    each.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pace: float) -> None:
        self._true: Callable[[], float] = time.perf_counter
        self._pace = pace
        self._since: float | None = None
        monkeypatch.setattr(time, "perf_counter", self)

    def __call__(self) -> float:
        now = self._true()
        return now if self._since is None else self._since + self._pace * (now - self._since)

    def start(self) -> None:
        """From now on seconds pass quickly."""
        self._since = self._since or self._true()
