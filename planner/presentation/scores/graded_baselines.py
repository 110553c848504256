"""Baselines by held-out grades in a sentence and a table: `planner.operation.graded_baselines`."""

import pandas as pd

from planner.operation.graded_baselines import GradedBaselines
from planner.plans.numbers import known_number
from planner.presentation.formatting import format_exact
from planner.studies.baselines.comparison import JOINT, BaselineComparison

__all__ = ["graded_baselines_line", "graded_baselines_table"]


def graded_baselines_table(graded: GradedBaselines) -> pd.DataFrame:
    """One row per plan, the joint plan first; it has no gain over itself."""
    return pd.DataFrame(
        [
            {
                "Baseline": row.name,
                "Promised, graded prompts (mean score)": row.promised,
                "Realised (mean grade)": row.realised,
                "Promised gain of the joint plan (mean score)": row.gain and row.gain.promised,
                "Realised gain of the joint plan (mean grade)": row.gain and row.gain.realised,
                "Realised gain, 95 % from (mean grade)": row.gain and row.gain.low,
                "Realised gain, 95 % to (mean grade)": row.gain and row.gain.high,
            }
            for row in graded.rows
        ]
    )


def graded_baselines_line(comparison: BaselineComparison, graded: GradedBaselines) -> str:
    """Say what grades leave of the joint plan's gain over the best baseline that keeps the SLOs
    and does not tie it (best by scores: grades were not there to choose by), or of the quality that
    it must reach.
    """
    mine = graded.row(JOINT)
    if mine is None:
        return "There is no plan to grade."
    prompts = f"By {graded.prompts:,} held-out grades the joint plan"
    if comparison.of_cost:
        floor = known_number(comparison.plan.content["context"]["quality_at_least"])
        return (
            f"{prompts} has quality {mine.realised:.4f}; {format_exact(floor)} is required, and the"
            f" scores promise {mine.promised:.4f}."
        )
    kept = [one for one in comparison.attempts if one.met and one.quality is not None]
    others = [one for one in kept if not comparison.ties(one)]
    best = max(others, key=lambda one: one.quality or 0.0, default=None)
    row = None if best is None else graded.row(best.name)
    if row is None or row.gain is None:
        why = "all baselines that keep the SLOs tie it" if kept else "no baseline keeps the SLOs"
        return f"{prompts} has quality {mine.realised:.4f}; {why}."
    gain = row.gain
    noise = "; within noise" if gain.low <= 0 <= gain.high else ""
    return (
        f"{prompts} gains {gain.realised:+.4f} (95 %: {gain.low:+.4f} to {gain.high:+.4f}) over"
        f" {row.name}, the best other plan by scores, which promise {gain.promised:+.4f}{noise}."
    )
