"""The library's records as a table and in words, for the terminal, the page and notebooks."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from planner.library.kept_record import KeptRecord, RecordKind

__all__ = ["kept_record_lines", "kept_record_result", "kept_records_table"]

SHOWN_HASH = 12
"""Signs of a hash that tell scenarios apart."""


def kept_records_table(records: Sequence[KeptRecord]) -> pd.DataFrame:
    """One row a record, in their order; times in UTC, blank where a record has no such value."""
    return pd.DataFrame([_record_row(one) for one in records], columns=list(_HEADERS))


_HEADERS = (
    *("Number", "Kind", "Name", "Scenario", "Result", "Status", "Quality", "Cost (USD/h)"),
    *("GPUs used", "Gap (%)", "Tags", "Note", "Owner", "Kept (UTC)", "Changed (UTC)"),
    *("Planner", "Scenario hash"),
)


def _record_row(record: KeptRecord) -> dict[str, Any]:
    figures = record.figures
    gap = figures.get("rel_gap")
    return {
        "Number": record.number,
        "Kind": str(record.kind),
        "Name": record.name,
        "Scenario": record.scenario,
        "Result": kept_record_result(record),
        "Status": figures.get("status", ""),
        "Quality": figures.get("quality"),
        "Cost (USD/h)": figures.get("cost_usd_per_h"),
        "GPUs used": figures.get("gpus_used"),
        "Gap (%)": None if gap is None else 100.0 * gap,
        "Tags": ", ".join(record.tags),
        "Note": record.note,
        "Owner": record.owner_name or record.owner or "",
        "Kept (UTC)": record.created.replace(tzinfo=None),
        "Changed (UTC)": record.changed.replace(tzinfo=None),
        "Planner": record.planner_version,
        "Scenario hash": record.scenario_sha256,
    }


def kept_record_result(record: KeptRecord) -> str:
    """What a record says in a few words: a plan's objective, and its status where it is not proved
    optimal; a study's kind; a scenario's hash.
    """
    if record.kind == RecordKind.SCENARIO:
        return f"hash {record.scenario_sha256[:SHOWN_HASH]}"
    if record.kind == RecordKind.STUDY:
        return record.study
    figures = record.figures
    value, status = figures.get("value"), str(figures.get("status", ""))
    if value is None:
        return status
    is_cost = figures.get("objective_of") == "cost"
    found = f"cost {value:,.2f} USD/h" if is_cost else f"quality {value:.5f}"
    return found if status == "optimal" else f"{found}, {status}"


def kept_record_lines(record: KeptRecord) -> list[str]:
    """The head of a record's report: name and number, tags, note, times, hash."""
    kept = f"{record.created:%Y-%m-%d %H:%M} UTC by planner {record.planner_version}"
    lines = [
        f"{record.kind} {record.number}: {record.name}",
        f"kept {kept}; scenario {record.scenario}, hash {record.scenario_sha256[:SHOWN_HASH]}",
    ]
    owner = record.owner_name or record.owner
    lines += [f"owner: {owner}"] if owner else []
    lines += [f"tags: {', '.join(record.tags)}"] if record.tags else []
    return lines + ([f"note: {record.note}"] if record.note else [])
