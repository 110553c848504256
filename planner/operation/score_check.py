"""Scores put to the test by grades, before anything is planned with them.

    by LLM       mean score and mean grade; optimism = score - grade; slope and calibration error
                 (models.scores)
    by choice    every prompt to the LLM of its highest score: promised, realised, and the same less
                 the one LLM of the best mean grade, which is chosen on the other half of the
                 prompts

both for the scores as they are and for scores fitted to grades, each prompt's on the half that it
is not in. Standard errors are over prompts, as in `planner.operation.out_of_sample`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.scores.calibration_error import (
    CalibrationBin,
    calibration_error,
    calibration_error_bins,
)
from models.scores.fits import ScoreFitKind, cross_fitted_scores, fit_scores, score_slope
from models.scores.selection import select_by_scores
from planner.errors import ScoresError
from planner.operation.samples import join_sample
from profiles.io.faults import Fault
from profiles.io.table_files import read_table_file
from profiles.io.tables import Table
from profiles.records import ScoreProvenance, Scores
from profiles.score_tables.score_columns import score_columns
from profiles.score_tables.scores import parse_scores, scored_llms

__all__ = [
    "AS_GIVEN",
    "LEAST_GRADED",
    "LlmCheck",
    "MeanWithError",
    "ScoreCheck",
    "SelectionCheck",
    "check_scores",
    "read_scores_to_check",
]

AS_GIVEN = "as given"
LEAST_GRADED = 40
"""Graded prompts; fewer say nothing about five LLMs, and a half of them fits nothing."""


@dataclass(frozen=True)
class MeanWithError:
    """A mean over prompts and its standard error, score units."""

    mean: float
    error: float


@dataclass(frozen=True, kw_only=True)
class LlmCheck:
    """One LLM; without grades, grade and what follows from it are None.

    low, high: of its scores. error: calibration error, as given. fitted: the same of cross-fitted
    scores, by kind.
    """

    llm: str
    score: float
    low: float
    high: float
    grade: float | None = None
    optimism: MeanWithError | None = None
    slope: float | None = None
    error: float | None = None
    fitted: Mapping[ScoreFitKind, float] | None = None
    bins: Sequence[CalibrationBin] = ()


@dataclass(frozen=True, kw_only=True)
class SelectionCheck:
    """Choosing by one kind of scores.

    name: AS_GIVEN or a kind of fit. gain_promised, gain_realised: over the best single LLM.

    change: realised less that of the scores as given. Without grades only the promises are known.
    """

    name: str
    promised: float
    gain_promised: float
    realised: float | None = None
    optimism: MeanWithError | None = None
    gain_realised: MeanWithError | None = None
    change: MeanWithError | None = None


@dataclass(frozen=True, kw_only=True)
class ScoreCheck:
    """scores: the table; graded: prompts that have a grade of every LLM, 0 without grades.

    choices: the scores as given first. calibrated: the whole table fitted on all grades, by kind.
    single: what the gains are over.
    """

    scores: Scores
    graded: int
    llms: tuple[LlmCheck, ...]
    choices: tuple[SelectionCheck, ...]
    calibrated: Mapping[ScoreFitKind, Scores]
    single: str


def read_scores_to_check(
    scores: Path, grades: Path | None
) -> tuple[Scores, Scores | None, list[str]]:
    """Read scores, grades of the same LLMs (those that both tables have), and notices.

    A prompt without the score of some LLM is left out. ScoresError with every fault of both.
    """
    faults: list[Fault] = []
    notices: list[str] = []
    tables = [
        read_table_file(path, faults, only=None) for path in (scores, grades) if path is not None
    ]
    read = [table for table in tables if table is not None]
    named = [scored_llms(table) for table in read]
    llms = [llm for llm in named[0] if all(llm in others for others in named)] if named else []
    if not llms and len(read) == len(tables):
        columns = "; ".join(
            f"{table.file}: {', '.join(names[:20]) or 'none'}"
            for table, names in zip(read, named, strict=True)
        )
        problem = (
            "no LLM has both scores and grades"
            if grades
            else "no column holds the scores of an LLM"
        )
        fix = "give each LLM one column of numbers, of the same name in both tables"
        faults.append(Fault(str(scores), "", "", f"{problem} (columns of numbers: {columns})", fix))
    parsed = []
    for table in read if llms else ():
        of_table: list[str] = []
        parsed.append(
            parse_scores(_of_checked_llms(table, llms, of_table), llms, "drop", faults, of_table)
        )
        # Prompts without a grade are counted where they are joined, with those that are not there.
        notices += [line for line in of_table if len(parsed) == 1 or "lack a score" not in line]
    own = parsed[0] if parsed else None
    if faults or own is None:
        raise ScoresError(faults, notices)
    return own, parsed[1] if grades is not None else None, notices


def _of_checked_llms(table: Table, llms: Sequence[str], notices: list[str]) -> Table:
    """The table with the columns that count; what is left out is a notice."""
    wanted = score_columns(llms)
    kept = {name: cells for name, cells in table.columns.items() if name in wanted}
    others = [name for name in table.columns if name not in kept]
    if others:
        shown = ", ".join(others[:8]) + (", ..." if len(others) > 8 else "")
        notices.append(f"{table.file}: left out, no LLM of all tables: {shown}")
    return replace(table, columns=kept, others=())


def check_scores(
    scores: Scores, grades: Scores | None, file: str, seed: int = 0
) -> tuple[ScoreCheck, list[str]]:
    """Check the scores (by grades where there are), and notices.

    file: what faults call the grades. seed: of the halves. ScoresError where too few prompts have a
    grade of every LLM.
    """
    if grades is None:
        return _check_ungraded_scores(scores), []
    notices: list[str] = []
    sample = join_sample(scores, grades, file, notices)
    if sample.prompts < LEAST_GRADED:
        problem = f"only {sample.prompts} prompts of a weight above 0 have a grade of every LLM"
        fix = f"grade at least {LEAST_GRADED}; some hundred say more"
        raise ScoresError([Fault(file, "", "", problem, fix)], notices)
    notices += _scale_notices_of_scores(sample.scores.values, sample.truth.values)
    first = _first_half_of_scores(sample.scores.weights, seed)
    values, truth, weights = sample.scores.values, sample.truth.values, sample.scores.weights
    fitted = {
        kind: cross_fitted_scores(kind, values, truth, weights, first) for kind in ScoreFitKind
    }
    single = _single_llms_of_halves(truth, weights, first)
    names = [scores.llms[k] for k in dict.fromkeys(single.tolist())]
    check = ScoreCheck(
        scores=scores,
        graded=sample.prompts,
        llms=tuple(
            _check_llm_scores(
                llm, values[i], truth[i], weights, {kind: fitted[kind][i] for kind in fitted}
            )
            for i, llm in enumerate(scores.llms)
        ),
        choices=_check_score_choices(
            {AS_GIVEN: values} | {kind.value: fitted[kind] for kind in ScoreFitKind},
            truth,
            weights,
            single,
        ),
        calibrated={
            kind: replace(
                scores,
                provenance=ScoreProvenance.CALIBRATED,
                values=np.array(
                    [
                        fit_scores(kind, values[i], truth[i], weights).applied_to(scores.values[i])
                        for i in range(len(scores.llms))
                    ]
                ),
            )
            for kind in ScoreFitKind
        },
        single=" or ".join(names),
    )
    return check, notices


def _check_ungraded_scores(scores: Scores) -> ScoreCheck:
    """What the scores say themselves; gains are over the LLM of the best mean score."""
    means = scores.values @ scores.weights
    best = int(np.argmax(means))
    highest = scores.values.max(axis=0)
    choice = SelectionCheck(
        name=AS_GIVEN,
        promised=float(highest @ scores.weights),
        gain_promised=float((highest - scores.values[best]) @ scores.weights),
    )
    return ScoreCheck(
        scores=scores,
        graded=0,
        llms=tuple(
            LlmCheck(llm=llm, score=float(mean), low=float(row.min()), high=float(row.max()))
            for llm, mean, row in zip(scores.llms, means, scores.values, strict=True)
        ),
        choices=(choice,),
        calibrated={},
        single=scores.llms[best],
    )


def _check_llm_scores(
    llm: str,
    scores: np.ndarray,
    grades: np.ndarray,
    weights: np.ndarray,
    fitted: Mapping[ScoreFitKind, np.ndarray],
) -> LlmCheck:
    bins = calibration_error_bins(scores, grades, weights)
    return LlmCheck(
        llm=llm,
        score=float(scores @ weights),
        low=float(scores.min()),
        high=float(scores.max()),
        grade=float(grades @ weights),
        optimism=_mean_over_prompts(scores - grades, weights),
        slope=score_slope(scores, grades, weights),
        error=calibration_error(bins),
        fitted={
            kind: calibration_error(calibration_error_bins(values, grades, weights))
            for kind, values in fitted.items()
        },
        bins=bins,
    )


def _check_score_choices(
    kinds: Mapping[str, np.ndarray], truth: np.ndarray, weights: np.ndarray, single: np.ndarray
) -> tuple[SelectionCheck, ...]:
    """Choosing by every kind of scores (M, N). single: (N,) the LLM that gains are over."""
    at = np.arange(weights.size)
    as_given = select_by_scores(kinds[AS_GIVEN], truth)
    choices = []
    for name, values in kinds.items():
        choice = select_by_scores(values, truth)
        choices.append(
            SelectionCheck(
                name=name,
                promised=float(choice.promised @ weights),
                gain_promised=float((choice.promised - values[single, at]) @ weights),
                realised=float(choice.realised @ weights),
                optimism=_mean_over_prompts(choice.promised - choice.realised, weights),
                gain_realised=_mean_over_prompts(choice.realised - truth[single, at], weights),
                change=_mean_over_prompts(choice.realised - as_given.realised, weights),
            )
        )
    return tuple(choices)


def _mean_over_prompts(values: np.ndarray, weights: np.ndarray) -> MeanWithError:
    """Of values (N,) with weights (N,) of sum 1, for given weights."""
    mean, n = float(values @ weights), int((weights > 0).sum())
    error = float(np.sqrt(n / (n - 1) * (weights**2 @ (values - mean) ** 2)))
    return MeanWithError(mean, error)


def _first_half_of_scores(weights: np.ndarray, seed: int) -> np.ndarray:
    """(N,) a random half of the prompts that weigh anything; the others are in the second."""
    used = np.flatnonzero(weights > 0)
    first = np.zeros(weights.size, dtype=bool)
    first[np.random.default_rng(seed).permutation(used)[: used.size // 2]] = True
    return first


def _single_llms_of_halves(truth: np.ndarray, weights: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(N,) the LLM of the best mean grade in the half that a prompt is not in."""
    best = [int(np.argmax(truth[:, part] @ weights[part])) for part in (~first, first)]
    return np.where(first, best[0], best[1])


def _scale_notices_of_scores(scores: np.ndarray, grades: np.ndarray) -> list[str]:
    """Say so where scores and grades are most likely on different scales."""
    spreads = [float(np.ptp(values)) for values in (scores, grades)]
    if min(spreads) > 0 and not 0.05 < spreads[0] / spreads[1] < 20:
        low, high, least, most = scores.min(), scores.max(), grades.min(), grades.max()
        return [
            f"scores lie in {low:.4g} to {high:.4g}, grades in {least:.4g} to {most:.4g}: on"
            " another scale optimism means nothing; the calibrated table is on that of the grades"
        ]
    return []
