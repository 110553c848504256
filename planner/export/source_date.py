"""The time that exported files give as theirs: now, or what SOURCE_DATE_EPOCH sets, with which the
same content gives the same bytes (reproducible-builds.org).
"""

import os
from datetime import UTC, datetime

from planner.errors import DataError
from profiles.io.faults import Fault

__all__ = ["EPOCH", "source_time"]

EPOCH = "SOURCE_DATE_EPOCH"


def source_time() -> datetime:
    """UTC without a zone, in whole seconds: SOURCE_DATE_EPOCH (seconds since 1970) where it is set.

    DataError when it is no such number.
    """
    text = os.environ.get(EPOCH)
    try:
        # Not before 1970: spreadsheets know no time before 1900.
        time = datetime.fromtimestamp(max(int(text), 0), UTC) if text else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        fix = "set it to whole seconds since 1970, or unset it"
        raise DataError([Fault(EPOCH, "", repr(text), "this is not a time", fix)]) from None
    return time.replace(tzinfo=None, microsecond=0)
