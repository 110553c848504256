"""The chart of a day: rates by class stacked, a column a case, and the quality of every case."""

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, ink
from reports.cells_content import CellsReport
from reports.style import style_of_llms

__all__ = ["build_day_chart"]

QUALITY, GPUS = "Quality (mean score)", "GPUs used"


def build_day_chart(report: CellsReport) -> DescribedChart:
    """Columns of rates, and a line of quality on an axis of its own; tooltips have GPUs, cost and
    the limit with the least room.
    """
    frame, meta = report["tables"]["cases"], report["meta"]
    names = list(meta["classes"])
    order = list(frame["Case"])
    rows = [
        {"Case": case, "Class": name, "Rate": float(rate), "Place": k}
        for k, (name, header) in enumerate(zip(names, meta["rates"], strict=True))
        for case, rate in zip(order, frame[header], strict=True)
    ]
    looks = style_of_llms(dict.fromkeys(names, ""))
    scale = alt.Scale(domain=names, range=[look.colour for look in looks.values()])
    x = alt.X("Case:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelLimit=110))
    bars = alt.Chart(pd.DataFrame(rows))
    columns = bars.mark_bar(size=max(10, 60 - 2 * len(order))).encode(
        x=x,
        y=alt.Y("Rate:Q", title="Rate (req/s)", stack="zero"),
        color=alt.Color(
            "Class:N", scale=scale, sort=names, legend=alt.Legend(orient="bottom", columns=3)
        ),
        order=alt.Order("Place:Q"),
        tooltip=[
            alt.Tooltip("Case:N"),
            alt.Tooltip("Class:N"),
            alt.Tooltip("Rate:Q", title="req/s", format=",.3~f"),
        ],
    )
    known = frame[frame[QUALITY].notna()]
    quality = pd.DataFrame(
        {
            "Case": list(known["Case"]),
            "Quality": [float(value) for value in known[QUALITY]],
            "GPUs": list(known[GPUS]),
            "Limit": list(known["Limit with least room"]),
        }
    )
    tips = [
        alt.Tooltip("Case:N"),
        alt.Tooltip("Quality:Q", format=".5f"),
        alt.Tooltip("GPUs:Q"),
        alt.Tooltip("Limit:N", title="Least room"),
    ]
    line = alt.Chart(quality).encode(
        x=x,
        y=alt.Y("Quality:Q", title="Quality (mean score)", scale=alt.Scale(zero=False, padding=20)),
        tooltip=tips,
    )
    layers = alt.layer(
        line.mark_line(color=ink(), strokeWidth=2),
        line.mark_point(
            color=ink(), filled=True, size=110, shape="diamond", stroke="white", opacity=1
        ),
    )
    chart = alt.layer(columns, layers) if len(quality) else alt.layer(columns)
    words = []
    for case, part in pd.DataFrame(rows).groupby("Case", sort=False):
        rates = ", ".join(f"{c} {r:g}" for c, r in zip(part["Class"], part["Rate"], strict=True))
        own = quality[quality["Case"] == case]
        told = f", quality {own['Quality'].iloc[0]:.4f}" if len(own) else ""
        words.append(f"{case}: {rates} req/s{told}")
    return (
        chart.resolve_scale(y="independent").properties(height=340),
        f"Columns of rates by class and a line of quality. {'; '.join(words)}",
    )
