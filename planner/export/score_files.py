"""The file of `scores check` that is drawn: the calibration chart."""

from pathlib import Path

from planner.operation.score_check import ScoreCheck
from planner.presentation.scores.score_check import score_check_bins_table

__all__ = ["write_score_check_chart"]


def write_score_check_chart(check: ScoreCheck, folder: Path, title: str) -> list[Path]:
    """Write the chart as PNG and SVG; WriteError when that is not possible."""
    # Imported here because matplotlib takes half a second.
    from reports.calibration_chart import write_calibration_chart

    return write_calibration_chart(folder, score_check_bins_table(check), title)
