"""The calibration chart: mean grade over mean score, bin by bin, one line per LLM; scores that keep
their promise lie on the diagonal.

Drawn as the charts of a plan (`reports.charts`).
"""

import warnings
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from profiles.io.writing import as_write_errors, writing_whole_file
from reports.charts import KINDS, MARKS, STYLE
from reports.style import COLOURS, safe_style_text, style_of_llms

__all__ = ["write_calibration_chart"]

MOST_LLMS = 10
"""More lines than colours are not told apart: those of the largest error are drawn."""
LONGEST = 40
"""Characters of a name in the chart."""


def write_calibration_chart(folder: Path, bins: pd.DataFrame, title: str) -> list[Path]:
    """Write calibration.png and .svg; the files written.

    bins: as `score_check_bins_table` makes them. title: what was tested. folder: made where it is
    missing. WriteError when it cannot be written to.
    """
    with as_write_errors(folder):
        folder.mkdir(exist_ok=True)
    written = []
    with warnings.catch_warnings(), mpl.rc_context(STYLE):
        # A name in a script that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = _calibration_figure(bins, title)
        for kind in KINDS:
            path = folder / f"calibration.{kind}"
            undated = {"Date": None} if kind == "svg" else {}
            with writing_whole_file(path, f".{kind}") as temporary:
                figure.savefig(
                    temporary, dpi=150, metadata={"Title": safe_style_text(title), **undated}
                )
            written.append(path)
    return written


def _calibration_figure(bins: pd.DataFrame, title: str) -> Figure:
    errors = bins.groupby("LLM", sort=False)["Calibration error (score)"].first()
    drawn = [llm for llm in errors.index if llm in set(errors.nlargest(MOST_LLMS).index)]
    looks = style_of_llms({llm: str(k) for k, llm in enumerate(drawn, start=1)})
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    axes = figure.subplots()
    for llm in drawn:
        rows = bins[bins["LLM"] == llm]
        text = safe_style_text(llm).replace("\n", " ")
        axes.plot(
            rows["Mean score"],
            rows["Mean grade"],
            color=looks[llm].colour,
            marker=MARKS[looks[llm].marker],
            markersize=5,
            linewidth=1.2,
            label=f"{looks[llm].sign}  {text if len(text) <= LONGEST else text[:37] + '...'}",
        )
    ends = [*axes.get_xlim(), *axes.get_ylim()]
    axes.axline(
        (min(ends), min(ends)), slope=1, color=COLOURS["bound"], linestyle="--", linewidth=1
    )
    axes.set_xlabel("Mean score of a bin (promised)")
    axes.set_ylabel("Mean grade of a bin (realised)")
    axes.grid(color=COLOURS["rule"], linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    left_out = len(errors) - len(drawn)
    most = f"; the {len(drawn)} LLMs of the largest error of {len(errors)}" if left_out else ""
    axes.set_title(
        "Scores against grades", loc="left", fontweight="bold", color=COLOURS["title"], pad=22
    )
    axes.text(
        0,
        1.02,
        f"{safe_style_text(title)[:100]}{most}",
        transform=axes.transAxes,
        fontsize=8,
        color=COLOURS["quiet"],
    )
    axes.legend(loc="best", frameon=False, fontsize=8)
    return figure
