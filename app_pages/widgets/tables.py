"""Named tables on the page: numbers formatted by the unit in their headers, with a text for those
who hear the page.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from planner.plans.option_index import PROFILE_HEADER, SHARE_HEADER
from reports.style import unit_style

__all__ = ["draw_shown_table"]

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
WIDE = 8
"""Columns from which a table runs out of the page, on a phone in any case."""
WIDTHS: Mapping[str, Literal["medium", "large"]] = {
    **dict.fromkeys(("Reason", "Notice", "Limit with least room"), "large"),
    **dict.fromkeys(("Lost nodes", "Own SLO with least room", "SLO with least room"), "medium"),
}
"""Headers of text columns that may be wider than their headers."""
NAME_PX, NAME_EDGE_PX = 7, 22
"""Pixels of a letter, about; of the cell around them."""
DECIMALS = re.compile(r"%,?[.](\d+)f")
SIGNED = ("Value of", "Change of", "Difference")
"""Beginnings of headers whose numbers carry a plus."""


def draw_shown_table(
    frame: pd.DataFrame,
    alt: str,
    first: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    *,
    whole: bool = False,
) -> None:
    """Show a table, the columns of `first` before the others, without those of `leave_out`.

    alt: what it is, in a sentence; whole: all rows without scrolling, for short tables. Missing
    values stay blank.
    """
    order = [
        *(column for column in first if column in frame.columns),
        *(column for column in frame.columns if column not in first),
    ]
    shown = _shown_table_cells(frame[[column for column in order if column not in leave_out]])
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height="content" if whole else "auto",
        placeholder="",
        alt=alt,
        column_config={
            str(column): _table_widget_config(shown, str(column)) for column in shown.columns
        },
    )
    if shown.shape[1] >= WIDE:
        st.caption(f"{shown.shape[1]} columns, scrollable sideways.")


def _shown_table_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The cells as they are read: a MIG instance has no MPS share, and nothing is -0.00."""
    shown = frame.copy(deep=False)
    if PROFILE_HEADER in shown and SHARE_HEADER in shown:
        shown[SHARE_HEADER] = shown[SHARE_HEADER].where(shown[PROFILE_HEADER] == "")
    for header in shown.select_dtypes("float"):
        decimals = DECIMALS.fullmatch(_table_widget_number_format(str(header)))
        if decimals is not None:
            is_zero = shown[header].abs() < 0.5 / 10 ** int(decimals[1])
            shown[header] = shown[header].mask(is_zero, 0.0)
    return shown


def _table_widget_config(frame: pd.DataFrame, header: str) -> Any:
    column = frame[header]
    # Truth values beside None, and in tables of mixed rows, are of objects.
    if len(column) and all(isinstance(value, bool | np.bool_) for value in column):
        return st.column_config.CheckboxColumn(header)
    # A column of plan.json's numbers and None is of objects: its cells show whether it is numeric.
    if pd.api.types.is_numeric_dtype(column) or (
        len(column) and all(isinstance(value, int | float) or value is None for value in column)
    ):
        return st.column_config.NumberColumn(header, format=_table_widget_number_format(header))
    if header == "LLM" and len(column):
        # Streamlit 1.67 measures a column by what most cells take, and cuts names off that are
        # longer than most.
        longest = max(len(str(name)) for name in column)
        return st.column_config.TextColumn(header, width=NAME_EDGE_PX + NAME_PX * longest)
    return st.column_config.TextColumn(header, width=WIDTHS.get(header))


def _table_widget_number_format(header: str) -> str:
    if header.startswith("MPS share"):
        return "%g"
    if header == "Part of the SLO":
        return "%,.2f"
    return "%+.3g" if header.startswith(SIGNED) else FORMATS.get(unit_style(header), "%,.6g")
