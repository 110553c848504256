"""The garbage collector, put off where nothing is garbage.

Python goes through all records in memory whenever many new ones were made. What says where 100,000
GPUs' shards are is a million records that all are kept: looking for garbage among them took a third
of the time in which such a plan is made, verified and printed.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_garbage_collection"]


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Collect no garbage inside; a decorator too. Of several at once, in threads or one in the
    other, the first lets it run again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
