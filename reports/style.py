"""How reports look: one palette by LLM for workbook and charts, number formats by unit, text that
is safe to write.

Names and notes come from the user. `safe_style_text` is passed by every text on its way into a
file: control characters are shown by their codes, and text longer than a cell is cut and marked.
Text is always written as text (never by a call that guesses formulas or links).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "A4",
    "CELL_LIMIT",
    "COLOURS",
    "COUNT",
    "FONT",
    "Look",
    "form_without_unit",
    "header_style",
    "ink_style_for",
    "number_style",
    "safe_style_text",
    "sentence_case",
    "style_of_llms",
    "styled_width",
    "tint_style",
    "unit_style",
]

FONT = "Arial"
A4 = 9
"""Paper size, as workbooks number it."""
CELL_LIMIT = 32_767
"""UTF-16 units that a cell of a workbook holds."""
CUT = " ... (cut)"

COLOURS: Mapping[str, str] = {
    "head": "#22384F",
    "head_ink": "#FFFFFF",
    "title": "#22384F",
    "quiet": "#5A6672",
    "rule": "#C9D1D9",
    "input": "#FFF8DC",
    "input_ink": "#0000C0",
    "total": "#EDF1F5",
    "good": "#D9F0DD",
    "good_ink": "#14532D",
    "warn": "#FFC000",
    "warn_ink": "#3B2A00",
    "bad": "#F8D0CC",
    "bad_ink": "#7A1309",
    "free": "#F2F4F6",
    "bound": "#8A97A3",
    "plan": "#22384F",
}
LLM_COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#8C6D31",
    "#6A3D9A",
    "#7F7F7F",
    "#B2DF8A",
)
"""Distinguishable with red-green blindness too; beyond them they repeat, and the LLM's sign
decides.
"""
MARKERS = ("circle", "square", "diamond", "triangle", "x", "star", "plus", "long_dash")
DASHES = ("solid", "dash", "long_dash", "dash_dot", "square_dot")


@dataclass(frozen=True)
class Look:
    """Of one LLM.

    colour, ink: background and text on it, #RRGGBB; marker: as workbooks name it; sign: one
    character.
    """

    colour: str
    ink: str
    marker: str
    sign: str


def style_of_llms(signs: Mapping[str, str]) -> dict[str, Look]:
    """The look of every LLM. signs: name -> one character, in the scenario's order."""
    looks = {}
    for k, (llm, sign) in enumerate(signs.items()):
        colour = LLM_COLOURS[k % len(LLM_COLOURS)]
        looks[llm] = Look(colour, ink_style_for(colour), MARKERS[k % len(MARKERS)], sign)
    return looks


def ink_style_for(colour: str) -> str:
    """Black or white, whichever is read better on the colour (WCAG relative luminance)."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#FFFFFF"


def tint_style(colour: str) -> str:
    """A pale colour of the same kind, on which black is read."""
    return "#" + "".join(
        f"{round(255 - 0.3 * (255 - int(colour[k : k + 2], 16))):02X}" for k in (1, 3, 5)
    )


def sentence_case(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def safe_style_text(value: Any) -> str:
    """Text for one cell: control characters (and half surrogates) by their codes, at most what a
    cell holds.
    """
    text = str(value)
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
        )
    if text.startswith("<r>") and text.endswith("</r>"):
        text += " "  # XlsxWriter 3.3 would take it for its own XML of rich text
    if len(text) * 2 <= CELL_LIMIT:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    return units[: 2 * (CELL_LIMIT - len(CUT))].decode("utf-16-le", errors="ignore") + CUT


UNIT = re.compile(r"\(([^()]*)\)$")
FORMATS: Mapping[str, str] = {
    "ms": '#,##0.0" ms"',
    "s": '#,##0.00" s"',
    "req/s": '#,##0.00" req/s"',
    "%": '#,##0.00" %"',
    "GiB": '#,##0.0" GiB"',
    "GPUs, parts": '#,##0.00" GPUs"',
    "USD/h": '#,##0.00" USD/h"',
    "USD/h, fine": '#,##0.0000" USD/h"',
    "USD/month": '#,##0" USD/month"',
    "USD/year": '#,##0" USD/year"',
    "tokens": '#,##0" tokens"',
    "USD per GPU and h": '#,##0.00" USD/h"',
    "mean score": "0.00000",
    "score": "0.00000",
    "score per ms": "0.0000000",
    "h": '#,##0" h"',
}
COUNT = "#,##0"
QUOTED = re.compile(r'"[^"]*"')
DECIMALS = re.compile(r"\.(0+)")
WHOLE = ("GPUs", "GPUs per node", "nodes", "replicas", "prompts", "setups", "solves", "cuts", "")


def unit_style(header: str) -> str:
    """The unit in the brackets that end a header; "" when there is none.

    What follows `% of` is no unit but its base.
    """
    match = UNIT.search(header)
    unit = match.group(1) if match else ""
    if unit.startswith("%"):
        return "%"
    return "ms" if unit in ("± ms", "each, ms") else "GiB" if unit.startswith("GiB") else unit


def header_style(header: str, *, signed: bool = False) -> str:
    """The number format of a column by its header."""
    if header.startswith("MPS share"):
        return 'General" %"'
    if header.startswith("Allocated compute (GPUs"):
        return FORMATS["GPUs, parts"]
    if header.startswith(("Value of", "Change of", "Difference")):
        fine = {"mean score": "score per ms", "USD/h": "USD/h, fine"}
        return number_style(fine[unit_style(header)], signed=signed)
    return number_style(unit_style(header), signed=signed)


def number_style(unit: str, *, signed: bool = False) -> str:
    """The number format of a unit, with the unit in it. signed: a plus before what is above 0."""
    unit = "%" if unit.startswith("%") else unit
    form = FORMATS.get(unit) or (f'{COUNT}" {unit}"' if unit in WHOLE and unit else "General")
    return _signed(form) if signed else form


def _signed(form: str) -> str:
    """A plus before what is above 0, and no sign before what is shown as 0."""
    half = 0.5 / 10 ** len("".join(DECIMALS.findall(form)))
    return f"[>={half:.12f}]+{form};[<=-{half:.12f}]-{form};{form}"


def bare_format(unit: str) -> str:
    """The number format of a unit that is in a separate cell."""
    return COUNT if unit in WHOLE and unit else number_style(unit).partition('"')[0]


def form_without_unit(form: str) -> str:
    """A number format without the unit in it."""
    return QUOTED.sub("", form)


def styled_width(value: Any, form: str) -> int:
    """About how many characters a value takes in a cell with that number format."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return 5
    if isinstance(value, int | float):
        form = re.sub(r"^\[[^]]*\]", "", form.partition(";")[0])
        tail = "".join(re.findall(r'"([^"]*)"', form))
        decimals = sum(len(found) + 1 for found in DECIMALS.findall(form))
        whole = len(f"{abs(value):,.0f}") + (value < 0) + form.startswith("+")
        return (
            whole + decimals if not form.startswith("General") else min(12, len(f"{value:.10g}"))
        ) + len(tail)
    return max(map(len, str(value).split("\n")))
