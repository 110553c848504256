"""The prompts that prices are put to the test on: their scores, and where there are, the grades
their answers really got.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from planner.errors import DataError
from planner.scenario.starting.score_columns import read_matched_scores
from profiles.io.faults import Fault
from profiles.records import Scores

__all__ = ["Sample", "join_sample", "read_sample", "split_sample"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """scores: what the router sees.

    truth: the value of an answer: its grade (without grades, its score). Same prompts, same
    weights.

    own: the scores are those that the plan was made with.
    """

    scores: Scores
    truth: Scores
    graded: bool
    own: bool

    @property
    def prompts(self) -> int:
        """How many prompts weigh anything."""
        return int((self.scores.weights > 0).sum())


def read_sample(
    known: Scores, scores: Path | None, grades: Path | None, missing: str
) -> tuple[Sample, list[str]]:
    """Read scores (where None: `known`, those of the scenario) and grades; and notices.

    DataError with every fault of both.

    missing: error | drop, of scores. A prompt without the grade of some LLM is left out, as is one
    that appears in only one table.
    """
    faults: list[Fault] = []
    notices: list[str] = []
    own = (
        known
        if scores is None
        else read_matched_scores(scores, known.llms, missing, faults, notices)
    )
    given = None
    if grades is not None:
        grade_notices: list[str] = []
        given = read_matched_scores(grades, known.llms, "drop", faults, grade_notices)
        # Prompts without a grade are counted below, together with those that are not there at all.
        notices += [notice for notice in grade_notices if "that lack a score" not in notice]
    if faults or own is None:
        raise DataError(faults, notices)
    if given is None:
        return Sample(scores=own, truth=own, graded=False, own=scores is None), notices
    return replace(join_sample(own, given, str(grades), notices), own=scores is None), notices


def join_sample(own: Scores, given: Scores, file: str, notices: list[str]) -> Sample:
    """Scores and grades of the same LLMs, joined by prompt id; what is left out is a notice.

    file: what faults and notices call the grades. DataError where no prompt is in both.
    """
    place = {name: k for k, name in enumerate(given.prompt_ids)}
    kept = np.array([k for k, name in enumerate(own.prompt_ids) if name in place], dtype=int)
    if kept.size == 0 or not own.weights[kept].sum() > 0:
        fix = "grade the same prompts: ids are compared letter by letter"
        raise DataError(
            [
                Fault(
                    file,
                    "column prompt_id",
                    "",
                    "no prompt of the scores has a grade of every LLM here",
                    fix,
                )
            ],
            notices,
        )
    if kept.size < len(own.prompt_ids):
        left_out = len(own.prompt_ids) - kept.size
        notices.append(
            f"{file}: {left_out:,} of {len(own.prompt_ids):,} prompts lack the grade of some LLM"
            " and are left out"
        )
    seen = select_sample_prompts(own, kept)
    order = np.array([place[name] for name in seen.prompt_ids])
    values = np.ascontiguousarray(given.values[:, order])
    return Sample(scores=seen, truth=replace(seen, values=values), graded=True, own=False)


def select_sample_prompts(scores: Scores, prompts: np.ndarray) -> Scores:
    """The prompts at these positions, weights brought to sum 1."""
    weights = scores.weights[prompts]
    return Scores(
        scores.prompt_ids[prompts],
        scores.llms,
        np.ascontiguousarray(scores.values[:, prompts]),
        weights / weights.sum(),
        provenance=scores.provenance,
    )


def split_sample(sample: Sample, share: float, seed: int) -> tuple[Sample, Sample]:
    """Two parts drawn at random: the first holds `share` (0..1) of the prompts that weigh anything.

    DataError where one would be empty.
    """
    used = np.flatnonzero(sample.scores.weights > 0)
    first = round(share * used.size) if 0 < share < 1 else 0
    if not 0 < first < used.size:
        fix = "give more prompts, or a share nearer to 0.5"
        raise DataError(
            [
                Fault(
                    "--split",
                    "",
                    f"{share:g}",
                    f"of {used.size:,} prompts it leaves a part without any",
                    fix,
                )
            ]
        )
    order = used[np.random.default_rng(seed).permutation(used.size)]
    parts = []
    for part in (np.sort(order[:first]), np.sort(order[first:])):
        scores = select_sample_prompts(sample.scores, part)
        truth = (
            replace(scores, values=np.ascontiguousarray(sample.truth.values[:, part]))
            if sample.graded
            else scores
        )
        parts.append(Sample(scores=scores, truth=truth, graded=sample.graded, own=sample.own))
    return parts[0], parts[1]
