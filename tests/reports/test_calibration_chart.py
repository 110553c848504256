"""The calibration chart: drawn of any name and number of LLMs."""

from pathlib import Path

import pandas as pd

from reports.calibration_chart import write_calibration_chart


def bins(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "LLM": name,
                "Prompts": 20,
                "Mean score": score,
                "Mean grade": score**2,
                "Calibration error (score)": k / 100,
            }
            for k, name in enumerate(names)
            for score in (0.2, 0.5, 0.9)
        ]
    )


def test_charts_are_png_and_svg_and_names_are_no_mathematics(tmp_path: Path) -> None:
    files = write_calibration_chart(tmp_path / "made", bins(["$x_1$", "_b", "x" * 99]), "s.csv")
    assert [path.name for path in files] == ["calibration.png", "calibration.svg"]
    assert files[0].read_bytes().startswith(b"\x89PNG")
    assert files[1].read_bytes().startswith(b"<?xml")
    again = write_calibration_chart(tmp_path / "two", bins(["$x_1$", "_b", "x" * 99]), "s.csv")
    assert files[1].read_bytes() == again[1].read_bytes()


def test_of_many_llms_those_of_the_largest_error_are_drawn(tmp_path: Path) -> None:
    names = [f"llm-{k:02}" for k in range(14)]
    svg = write_calibration_chart(tmp_path, bins(names), "s.csv")[1].read_text(encoding="utf-8")
    assert [name for name in names if f"  {name} -->" in svg] == names[4:]
    assert "the 10 LLMs of the largest error of 14" in svg
