"""How charts look: colours that the browser chooses, so that they follow its theme."""

import json

import altair as alt
import pandas as pd
import pytest

from app_pages.charts.style import ink, limit_colour, quiet_colour


@pytest.mark.parametrize("colour", [ink, limit_colour, quiet_colour])
def test_the_browser_chooses_a_colour_by_its_background(colour: object) -> None:
    assert callable(colour)
    chart = alt.Chart(pd.DataFrame({"x": [1]})).mark_rule(color=colour()).encode(x=alt.X("x:Q"))
    mark = json.loads(chart.to_json())["mark"]
    test, _, both = mark["color"]["expr"].partition(" ? ")
    assert test == "luminance(background) < 0.5"
    dark, light = both.replace("'", "").split(" : ")
    assert _luminance(dark) > 0.25 > _luminance(light)


def _luminance(colour: str) -> float:
    """Of a colour such as #31333F, roughly."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return sum(w * part**2.2 for w, part in zip((0.21, 0.72, 0.07), parts, strict=True))
