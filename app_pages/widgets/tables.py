"""Named tables on the page: numbers formatted by the unit in their headers, with a text for those
who hear the page.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from reports.style import unit_of

__all__ = ["show"]

FORMATS = {
    "ms": "%,.1f",
    "s": "%,.2f",
    "req/s": "%,.2f",
    "%": "%,.2f",
    "GiB": "%,.1f",
    "USD/h": "%,.2f",
    "USD per GPU and h": "%,.2f",
    "mean score": "%.5f",
    "score": "%.5f",
}
WIDE = ("Reason", "Notice", "Limit", "SLO", "What", "LLM")
"""Headers of text that may take the room it needs."""


def show(
    frame: pd.DataFrame,
    alt: str,
    first: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    whole: bool = False,
) -> None:
    """Show a table, the columns of `first` before the others, without those of `leave_out`.

    alt: what it is, in a sentence.

    whole: all rows without scrolling, for short tables. Missing values stay blank.
    """
    order = [
        *(column for column in first if column in frame.columns),
        *(column for column in frame.columns if column not in first),
    ]
    kept = frame[[column for column in order if column not in leave_out]]
    st.dataframe(
        kept,
        hide_index=True,
        width="stretch",
        height="content" if whole else "auto",
        placeholder="",
        alt=alt,
        column_config={str(column): _config(kept, str(column)) for column in kept.columns},
    )


def _config(frame: pd.DataFrame, header: str) -> Any:
    column = frame[header]
    if pd.api.types.is_bool_dtype(column):
        return st.column_config.CheckboxColumn(header)
    if pd.api.types.is_numeric_dtype(column) or (
        len(column) and all(isinstance(v, int | float) or v is None for v in column)
    ):
        if header.startswith("MPS share"):
            return st.column_config.NumberColumn(header, format="%g")
        if header == "Part of the SLO":
            return st.column_config.NumberColumn(header, format="%,.2f")
        worth = header.startswith(("Worth of", "Change of", "Difference"))
        return st.column_config.NumberColumn(
            header, format="%+.3g" if worth else FORMATS.get(unit_of(header), "%,.6g")
        )
    return st.column_config.TextColumn(header, width="large" if header in WIDE[:2] else None)
