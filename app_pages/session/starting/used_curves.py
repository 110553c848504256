"""Which curves of the draft the scenario takes: measured ones first, but not those that its SLOs
cannot be judged by where an estimate takes their place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from app_pages.session.draft import draft_value
from app_pages.session.starting.draft_curves import (
    INSTEAD,
    draft_estimate,
    draft_measured_curves,
)
from app_pages.session.starting.draft_demand import draft_class_names
from app_pages.session.starting.draft_goal import draft_slos
from models.instance import Slo
from planner.scenario.starting.unjudged_curves import (
    UnjudgedCurve,
    pairs_without_unjudged_curves,
    replace_unjudged_curves,
    unjudged_curves,
)

__all__ = ["UnjudgedDraft", "unjudged_draft_curves", "used_draft_curves"]


@dataclass(frozen=True, kw_only=True)
class UnjudgedDraft:
    """Measured options that the SLOs leave out. left: those that no estimate replaces; replaced:
    the others; lost: LLMs that have no curve beside those left.
    """

    left: Sequence[UnjudgedCurve]
    replaced: Sequence[UnjudgedCurve]
    lost: Sequence[str]


def used_draft_curves() -> list[pd.DataFrame]:
    """All curves of the scenario: measured ones first."""
    measured, estimate = draft_measured_curves(), draft_estimate()
    estimated = None if estimate is None else estimate.frame
    if measured is not None and estimated is not None and draft_value(INSTEAD):
        unjudged = _unjudged_of_draft(measured)
        measured, estimated = replace_unjudged_curves(measured, estimated, unjudged)
    return [frame for frame in (measured, estimated) if frame is not None and len(frame)]


def unjudged_draft_curves() -> UnjudgedDraft:
    """What the SLOs that have a limit and a scope leave out, of the LLMs and GPU types chosen."""
    measured, used = draft_measured_curves(), used_draft_curves()
    unjudged = [] if measured is None else _unjudged_of_draft(measured)
    still = {one.key for frame in used for one in _unjudged_of_draft(frame)}
    left = [one for one in unjudged if one.key in still]
    pairs = {pair for frame in used for pair in pairs_without_unjudged_curves(frame, left)}
    return UnjudgedDraft(
        left=left,
        replaced=[one for one in unjudged if one.key not in still],
        lost=sorted({one.pair[0] for one in left} - {llm for llm, _ in pairs}),
    )


def _unjudged_of_draft(frame: pd.DataFrame) -> list[UnjudgedCurve]:
    stated = [(of, slo) for of, slo in draft_slos() if slo["limit_ms"] and slo["scope"]]
    own = {
        name: [_slo_of_draft(slo) for of, slo in stated if of == name]
        for name in draft_class_names()
    }
    found = unjudged_curves(frame, [_slo_of_draft(slo) for of, slo in stated if not of], own)
    llms, gpus = draft_value("llms", []), draft_value("gpus", [])
    return [one for one in found if one.pair[0] in llms and one.pair[1] in gpus]


def _slo_of_draft(slo: Mapping[str, Any]) -> Slo:
    """Limit in s."""
    return Slo(slo["metric"], slo["statistic"], slo["limit_ms"] / 1000, slo["scope"])
