"""Scores put to the test, as sentences, tables and content: `planner.operation.score_check`.

score_check_llms     one row per LLM: mean score and grade, optimism, slope, calibration error
score_check_choices  one row per kind of scores: what choosing by them promises and gives
score_check_bins     one row per LLM and bin of its scores: what the calibration chart draws
"""

from dataclasses import asdict
from typing import Any

import pandas as pd

from models.scores.fits import ScoreFitKind
from planner.operation.out_of_sample import NORMAL_975
from planner.operation.score_check import MeanWithError, ScoreCheck
from profiles.records import ScoreProvenance

__all__ = [
    "score_check_bins_table",
    "score_check_choices_table",
    "score_check_content",
    "score_check_lines",
    "score_check_llms_table",
    "score_check_verdict_line",
    "score_check_word",
    "score_check_worse_lines",
]

UNMEASURED = "nothing here measures it"


def score_check_word(check: ScoreCheck) -> str:
    """The verdict on choosing by the scores: optimistic, pessimistic, as promised; without grades
    not graded, or graded where the table says that its scores are grades.
    """
    optimism = check.choices[0].optimism
    if optimism is None:
        return "graded" if check.scores.provenance == ScoreProvenance.GRADED else "not graded"
    if abs(optimism.mean) <= NORMAL_975 * optimism.error:
        return "as promised"
    return "optimistic" if optimism.mean > 0 else "pessimistic"


def score_check_verdict_line(check: ScoreCheck) -> str:
    """Render the verdict with its figures."""
    choice, word = check.choices[0], score_check_word(check)
    if choice.realised is None or choice.optimism is None:
        measured = "who knows all grades reaches it" if word == "graded" else UNMEASURED
        return (
            f"{word}: the best score of every prompt promises {choice.promised:.4f},"
            f" {choice.gain_promised:+.4f} over {check.single} alone; {measured}"
        )
    return (
        f"{word}: the best score of every prompt promises {choice.promised:.4f}, its LLM's grade is"
        f" {choice.realised:.4f} ({_off(choice.optimism)})"
    )


def _off(optimism: MeanWithError) -> str:
    side = "too much" if optimism.mean >= 0 else "too little"
    return f"{abs(optimism.mean):.4f} ± {NORMAL_975 * optimism.error:.4f} {side}"


def score_check_lines(check: ScoreCheck) -> list[str]:
    """Say what fitting takes away and gains, and what the figures rest on."""
    if score_check_word(check) == "graded":
        return ["The table says that its scores are grades: outcomes, which no router foresees."]
    if not check.graded:
        return [
            "Scores are a predictor's promise. Grade some hundred of these prompts by every LLM and"
            " give them with --grades.",
        ]
    word, given = score_check_word(check), check.choices[0].optimism
    lines = [
        _fit_line(one.name, word, given, one.optimism, one.change)
        for one in check.choices[1:]
        if given is not None and one.optimism is not None and one.change is not None
    ]
    return [
        *lines,
        f"Gains are over {check.single} alone, the best by grades in the other half.",
        f"{check.graded:,} prompts have a grade of every LLM. Fits were made on one half of them"
        " and judged on the other, both ways; load is ignored. Intervals are 95 %, over prompts.",
    ]


def _fit_line(
    name: str, word: str, given: MeanWithError, left: MeanWithError, change: MeanWithError
) -> str:
    """What one fit does to the promise, and to the choice.

    given, left: optimism before and after; change: of the realised grade.
    """
    half = NORMAL_975 * change.error
    noise = ": noise" if abs(change.mean) <= half else ""
    taken = ""
    if word == "optimistic":
        taken = f"takes {100 * (1 - left.mean / given.mean):.0f} % of the false promise away, "
    return (
        f"{name.capitalize()}: {taken}{_off(left)} is left; the"
        f" choice itself gains {change.mean:+.4f} ± {half:.4f} by grades{noise}."
    )


def score_check_worse_lines(check: ScoreCheck, fit: ScoreFitKind) -> list[str]:
    """A warning where scores fitted so are further from the grades than those given: by the
    calibration error of LLMs, judged on prompts that the fit has not seen.
    """
    worse = [
        f"{one.llm} {one.error:.4f} -> {one.fitted[fit]:.4f}"
        for one in check.llms
        if one.fitted is not None and one.error is not None and one.fitted[fit] > one.error
    ]
    if not worse:
        return []
    return [
        f"Warning: {fit} makes the calibration error larger, not smaller, of {len(worse)} of"
        f" {len(check.llms)} LLMs ({', '.join(worse)}). Take another --fit, the scores as they are,"
        " or more grades."
    ]


def score_check_llms_table(check: ScoreCheck) -> pd.DataFrame:
    """One row per LLM; figures that only grades give are empty without them."""
    rows = []
    for one in check.llms:
        fitted = one.fitted or {}
        rows.append(
            {
                "LLM": one.llm,
                "Lowest score": one.low,
                "Highest score": one.high,
                "Mean score": one.score,
                "Mean grade": one.grade,
                "Optimism (score)": None if one.optimism is None else one.optimism.mean,
                "95 % interval (± score)": None
                if one.optimism is None
                else NORMAL_975 * one.optimism.error,
                "Slope": one.slope,
                "Calibration error (score)": one.error,
                **{
                    f"Calibration error after {kind} (score)": fitted.get(kind)
                    for kind in ScoreFitKind
                },
            }
        )
    return pd.DataFrame(rows)


def score_check_choices_table(check: ScoreCheck) -> pd.DataFrame:
    """One row per kind of scores."""
    rows = []
    for one in check.choices:
        rows.append(
            {
                "Scores": one.name,
                "Promised (score)": one.promised,
                "Realised (score)": one.realised,
                "Optimism (score)": None if one.optimism is None else one.optimism.mean,
                "95 % interval (± score)": None
                if one.optimism is None
                else NORMAL_975 * one.optimism.error,
                "Gain promised (score)": one.gain_promised,
                "Gain realised (score)": None
                if one.gain_realised is None
                else one.gain_realised.mean,
                "95 % interval of the gain (± score)": None
                if one.gain_realised is None
                else NORMAL_975 * one.gain_realised.error,
            }
        )
    return pd.DataFrame(rows)


def score_check_bins_table(check: ScoreCheck) -> pd.DataFrame:
    """One row per LLM and bin, lowest scores first."""
    return pd.DataFrame(
        [
            {
                "LLM": one.llm,
                "Prompts": part.prompts,
                "Mean score": part.score,
                "Mean grade": part.grade,
                "Calibration error (score)": one.error,
            }
            for one in check.llms
            for part in one.bins
        ]
    )


def score_check_content(check: ScoreCheck) -> dict[str, Any]:
    """What --json writes: every figure, standard errors as `error`."""
    return {
        "verdict": score_check_word(check),
        "prompts": len(check.scores.prompt_ids),
        "graded_prompts": check.graded,
        "gains_over": check.single,
        "llms": [asdict(one) for one in check.llms],
        "choices": [asdict(one) for one in check.choices],
    }
