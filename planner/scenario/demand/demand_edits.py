"""Edits of classes, cases and rates in a scenario's content; what refers to them follows.

Contents are plain mappings, complete with defaults, as of `planner.scenario.edits`; none is changed
in place. Rates are a list with an entry for each case, in the cases' order, or a single entry
where there are no cases: class -> req/s. Without classes the only key is ONLY_CLASS.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from planner.scenario.demand.rates import ONLY_CASE, ONLY_CLASS

__all__ = [
    "demand_edit_cases",
    "demand_edit_classes",
    "demand_edit_rates",
    "edit_demand_cases",
    "edit_demand_classes",
    "edit_demand_rates",
    "edit_fleet_mode",
    "edit_llms_at",
    "follow_renamed_llms",
    "follow_renamed_pools",
    "scaled_demand_rates",
]

Content = Mapping[str, Any]
Entries = Sequence[Mapping[str, Any]]
Rates = Sequence[Mapping[str, Any]]
Origins = Sequence[int | None]
"""Of each edited entry, its position before the edit; None: it is new."""


def demand_edit_classes(content: Content) -> list[str]:
    """Names under which rates are stated."""
    return [one["name"] for one in content.get("classes") or ()] or [ONLY_CLASS]


def demand_edit_cases(content: Content) -> list[str]:
    """Names of what rates are stated for."""
    return [case["name"] for case in content.get("cases") or ()] or [ONLY_CASE]


def demand_edit_rates(
    content: Content, table: Sequence[Sequence[float]] | None
) -> list[dict[str, Any]] | None:
    """Rates of a content. table: req/s of every class, case by case, of the table that `demand`
    names; None where it is not known: then so are the rates that it holds, and the answer is None.
    """
    names, cases = demand_edit_classes(content), content.get("cases")
    entries = cases or [{"name": ONLY_CASE, "arrival_rate_rps": content["arrival_rate_rps"]}]
    rates = []
    for t, case in enumerate(entries):
        stated = _by_class(case["arrival_rate_rps"], names)
        if content.get("demand") is not None:
            if table is None:
                return None
            # What the content itself states comes before the table.
            stated = {**dict(zip(names, table[t], strict=True)), **stated}
        rates.append({name: stated.get(name) for name in names})
    return rates


def _by_class(stated: Any, names: Sequence[str]) -> dict[str, Any]:
    """A number is the rate of the only class."""
    if isinstance(stated, Mapping):
        return dict(stated)
    return {} if stated is None else {names[0]: stated}


def edit_demand_rates(content: Content, rates: Rates) -> dict[str, Any]:
    """The content with these rates, in place of those of a table."""
    names, cases = demand_edit_classes(content), content.get("cases")
    if not cases:
        stated = _as_stated(content["arrival_rate_rps"], rates[0], names)
        return {**content, "arrival_rate_rps": stated}
    entries = [
        {**case, "arrival_rate_rps": _as_stated(case.get("arrival_rate_rps"), entry, names)}
        for case, entry in zip(cases, rates, strict=True)
    ]
    return {**content, "cases": entries, "arrival_rate_rps": None, "demand": None}


def _as_stated(before: Any, rates: Mapping[str, Any], names: Sequence[str]) -> Any:
    """A number stays one as long as there is one class."""
    if names == [ONLY_CLASS] or (len(names) == 1 and isinstance(before, int | float)):
        return rates[names[0]]
    return {name: rates[name] for name in names}


def scaled_demand_rates(rates: Rates, factor: float) -> list[dict[str, Any]]:
    """All rates times a factor, to 12 digits: 1.1 x 30 is 33."""
    return [
        {
            name: None if rate is None else float(f"{factor * rate:.12g}")
            for name, rate in one.items()
        }
        for one in rates
    ]


def edit_demand_cases(
    content: Content, rates: Rates, entries: Entries, origins: Origins
) -> dict[str, Any]:
    """The content with other cases. A case keeps its rates and what tests its setup when its name
    changes; a new one has rates 0, the first one of a scenario without cases the rates there are.

    rates: before the edit.
    """
    before = content.get("cases") or []
    renamed = _renamed(before, entries, origins)
    nothing = dict.fromkeys(demand_edit_classes(content), 0.0)
    kept, cases = [], []
    for k, (entry, origin) in enumerate(zip(entries, origins, strict=True)):
        if not before:
            origin = 0 if k == 0 else None
        kept.append(nothing if origin is None else rates[origin])
        of = entry.get("of")
        # Only `of` as it was follows: a name that was just chosen is the new one already.
        same = origin is not None and before and before[origin].get("of") == of
        cases.append({**entry, "of": renamed.get(of, of) if same else of})
    return (
        edit_demand_rates({**content, "cases": cases}, kept) if cases else {**content, "cases": []}
    )


def edit_demand_classes(
    content: Content, rates: Rates, entries: Entries, origins: Origins
) -> dict[str, Any]:
    """The content with other classes. A class keeps its rates when its name changes; a new one has
    rates 0, the first one of a scenario without classes the rates there are; those of a class that
    is no more go.

    rates: before the edit.
    """
    before = demand_edit_classes(content)
    if not content.get("classes"):
        origins = [0 if k == 0 else None for k in range(len(entries))]
    moved = [
        {
            entry["name"]: 0.0 if origin is None else one[before[origin]]
            for entry, origin in zip(entries, origins, strict=True)
        }
        for one in rates
    ]
    new = {**content, "classes": list(entries)}
    return edit_demand_rates(new, moved) if entries else new


def edit_fleet_mode(content: Content, mode: str, file: Content) -> dict[str, Any]:
    """The content with a fixed or a scheduled fleet. A scheduled one needs setups for cases that
    lose nodes or have no hours: those that the file names, or else that of the first case that
    can have one. In a fixed one no case names another.

    file: content of the scenario's file.
    """
    cases = content.get("cases") or []
    new = {**content, "fleet": {**content["fleet"], "mode": mode}}
    if not cases:
        return new
    if mode == "fixed":
        return {**new, "cases": [{**case, "of": None} for case in cases]}
    stated = {case["name"]: case["of"] for case in file.get("cases") or ()}
    own = [
        case["name"]
        for case in cases
        if not _needs_setup(case) and stated.get(case["name"]) is None
    ]
    tested = []
    for case in cases:
        named, first = stated.get(case["name"]), own[0] if own and _needs_setup(case) else None
        tested.append({**case, "of": case["of"] or (named if named in own else first)})
    return {**new, "cases": tested}


def _needs_setup(case: Mapping[str, Any]) -> bool:
    """Whether a case of a scheduled fleet must name another one."""
    return case["hours"] == 0 or any(case["lost_nodes"].values())


def follow_renamed_pools(content: Content, entries: Entries, origins: Origins) -> dict[str, Any]:
    """The content with other pools: nodes that cases lose follow the names."""
    renamed = _renamed(content["pools"], entries, origins)
    new = {**content, "pools": list(entries)}
    if not renamed or not content.get("cases"):
        return new
    cases = [
        {
            **case,
            "lost_nodes": {renamed.get(pool, pool): n for pool, n in case["lost_nodes"].items()},
        }
        for case in content["cases"]
    ]
    return {**new, "cases": cases}


def follow_renamed_llms(content: Content, entries: Entries, origins: Origins) -> dict[str, Any]:
    """The content with other LLMs: those that classes permit, and their work, follow the names."""
    renamed = _renamed(content["llms"], entries, origins)
    new = {**content, "llms": list(entries)}
    if not renamed or not content.get("classes"):
        return new
    classes = []
    for one in content["classes"]:
        llms, work = one["llms"], one["work"]
        if llms is not None:
            llms = [renamed.get(name, name) for name in llms]
        if isinstance(work, Mapping):
            work = {renamed.get(name, name): load for name, load in work.items()}
        classes.append({**one, "llms": llms, "work": work})
    return {**new, "classes": classes}


def edit_llms_at(
    content: Content, places: Sequence[int], entries: Entries, origins: Origins
) -> dict[str, Any]:
    """The content with other LLMs at some places, the rest as and where it is; new ones come last.

    places: of the LLMs that were edited, among all; origins: positions in `places`.
    """
    pairs = list(zip(entries, origins, strict=True))
    edited = {places[origin]: entry for entry, origin in pairs if origin is not None}
    kept = {k: one for k, one in enumerate(content["llms"]) if k not in places} | edited
    order = sorted(kept)
    new = [entry for entry, origin in pairs if origin is None]
    llms = [*(kept[k] for k in order), *new]
    return follow_renamed_llms(content, llms, [*order, *(None for _ in new)])


def _renamed(before: Entries, entries: Entries, origins: Origins) -> dict[Any, Any]:
    """Old name -> new name of the entries whose names changed."""
    return {
        before[origin]["name"]: entry["name"]
        for entry, origin in zip(entries, origins, strict=True)
        if origin is not None and origin < len(before) and before[origin]["name"] != entry["name"]
    }
