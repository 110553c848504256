"""A scenario with classes, cases or LLMs outside as rows of an input workbook."""

from collections.abc import Mapping
from typing import Any

from models.demand.requests import DemandInstance
from planner.scenario.schema.specification import ScenarioSpec
from profiles.workbook_layout import SCORES

__all__ = ["demand_sheet_rows", "score_sheet_titles"]

Rows = list[dict[str, Any]]

TITLE = 31
"""Characters of a sheet's name."""


def demand_sheet_rows(
    spec: ScenarioSpec, demand: DemandInstance, scores: Mapping[str, str]
) -> dict[str, Rows]:
    """Rows of the sheets Outside LLMs, Classes, Class SLOs, Cases and Rates, by the fields of
    `WorkbookInputs`.

    scores: name of a score table in the scenario -> what the sheet Classes calls it, "" for the
    sheet Scores.
    """
    rates = demand.rates()
    classes, cases = spec.classes or (), spec.cases or ()
    rows: dict[str, Rows] = {
        "outside": [
            {"name": llm.name, **llm.api.model_dump()} for llm in spec.llms if llm.api is not None
        ],
        "classes": [],
        "class_slos": [],
        "cases": [],
        "rates": [],
    }
    for c, one in enumerate(classes):
        row = one.model_dump(exclude={"slo"})
        row["scores"] = scores[one.scores or spec.scores]
        row["llms"] = None if one.llms is None else "; ".join(one.llms)
        row["work"] = _named_numbers(one.work) if isinstance(one.work, dict) else one.work
        row["arrival_rate_rps"] = None if cases else float(rates[c, 0])
        rows["classes"].append(row)
        rows["class_slos"] += [{"class": one.name, **slo.model_dump()} for slo in one.slo]
    for t, case in enumerate(cases):
        row = case.model_dump()
        row["lost_nodes"] = _named_numbers(case.lost_nodes)
        row["arrival_rate_rps"] = None if classes else float(rates[0, t])
        rows["cases"].append(row)
        if classes:
            rows["rates"] += [
                {"case": case.name, "class": one.name, "rate_rps": float(rates[c, t])}
                for c, one in enumerate(classes)
            ]
    return rows


def _named_numbers(numbers: Mapping[str, float]) -> str:
    """`a100: 1; l40s: 2`, with all digits."""
    return "; ".join(f"{name}: {number!r}" for name, number in numbers.items())


def score_sheet_titles(names: Mapping[str, str]) -> dict[str, str]:
    """A sheet's name for each score table: `Scores` and the class that names it first, without what
    no sheet's name may hold. names: of the table -> of the class.
    """
    titles: dict[str, str] = {}
    for table, name in names.items():
        held = "".join(c if c.isalnum() or c in " -_." else " " for c in name)
        title = f"{SCORES} {' '.join(held.split())}"[:TITLE].strip()
        taken = {one.casefold() for one in titles.values()} | {SCORES.casefold()}
        number = 2
        while title.casefold() in taken:
            title, number = f"{SCORES} {number}", number + 1
        titles[table] = title
    return titles
