"""The command `profile check`: profile table -> a table of its curves and the list of findings,
worst first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import framed_command, notify
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_table,
    plain_output_console,
    print_heading,
)
from planner.errors import ProfileError
from planner.scenario.load import Scenario, load_scenario
from profiles.curves import parse_curves
from profiles.hygiene.checks import run_curve_checks
from profiles.hygiene.curve_rows import (
    MEANS,
    SEVERITIES,
    CurveRows,
    Finding,
    Severity,
    read_curve_rows,
)
from profiles.hygiene.neighbours import check_neighbours
from profiles.hygiene.shape import convex_shape_cost, falls_in_shape
from profiles.io.faults import Fault
from profiles.io.table_files import read_table_file
from profiles.profile_columns import KNOWN

__all__ = ["run_profile_check"]

ROWS_LISTED = 8
CURVES_LISTED = 200
FINDINGS_LISTED = 200
"""Of each severity. Nobody reads thousands on a terminal, and laying them out takes seconds."""
CONVEX = 1e-3
MEANING = {
    "refused": "the planner does not take the table",
    "wrong": "contradicts arithmetic or the hardware",
    "odd": "unusual; look before you plan",
    "note": "for information",
}


@dataclass(frozen=True)
class _Checked:
    """curves: those looked at; findings: worst first; notices: sentences."""

    curves: Sequence[CurveRows]
    findings: Sequence[Finding]
    notices: Sequence[str]


@framed_command
def run_profile_check(profiles: Path, scenario: Path | None, *, quiet: bool) -> int:
    """Check and print; return the exit code: 0 also with findings, 2 when table or scenario cannot
    be read.
    """
    checked = _check_profile(profiles, None if scenario is None else load_scenario(scenario))
    notify(checked.notices, quiet=quiet)
    _print_profile_check(profiles, checked, quiet=quiet)
    return 0


def _check_profile(path: Path, scenario: Scenario | None) -> _Checked:
    """Read and check. Raises DataError when the table cannot be read."""
    faults: list[Fault] = []
    table = read_table_file(path, faults, only=KNOWN)
    curves = [] if table is None else read_curve_rows(table, faults)
    if table is None or faults:
        raise ProfileError(faults)
    findings = [finding for curve in curves for finding in run_curve_checks(curve)]
    strict: list[Fault] = []
    parsed = parse_curves(table, strict)
    if strict and not any(finding.severity == "refused" for finding in findings):
        raise ProfileError(
            strict
        )  # refused for reasons that hygiene does not check: a share of 0.5, an unknown provenance
    notices = list(parsed.notices) if parsed is not None else []
    if scenario is not None:
        curves, more = _profile_used_by(curves, scenario)
        kept = {curve.words for curve in curves}
        findings = [finding for finding in findings if finding.option in kept] + more
    findings += check_neighbours([curve for curve in curves if (np.diff(curve.rates) > 0).all()])
    order = {severity: k for k, severity in enumerate(SEVERITIES)}
    findings.sort(key=lambda f: (order[f.severity], -f.size, f.option, f.rows))
    return _Checked(curves, findings, notices)


def _profile_used_by(
    curves: Sequence[CurveRows], scenario: Scenario
) -> tuple[list[CurveRows], list[Finding]]:
    """The curves a scenario may use, and what they lack for its SLOs."""
    spec = scenario.spec
    llms, gpus = [llm.name for llm in spec.cluster_llms], {pool.gpu for pool in spec.pools}
    degrees, shares = spec.setups.tp_degrees, spec.setups.mps_shares_pct
    kept = [
        c
        for c in curves
        if c.llm in llms
        and c.gpu in gpus
        and (not degrees or c.tp_degree in degrees)
        and (not shares or c.mps_share_pct in shares)
    ]
    findings = [
        Finding(
            Severity.ODD,
            f"{llm} (any option)",
            (),
            "the table has no curve that the scenario may use",
            1.0,
        )
        for llm in llms
        if not any(c.llm == llm for c in kept)
    ]
    for curve in kept:
        lists = [(spec.slo, "an SLO needs it, so the option will be left out")]
        for one in spec.classes or ():
            if one.llms is None or curve.llm in one.llms:
                text = f"an SLO of {one.name} needs it, so the option will not serve this class"
                lists.append((one.slo, text))
        for slos, text in lists:
            names = (f"{slo.metric}_{slo.statistic}_ms" for slo in slos)
            lacking = dict.fromkeys(name for name in names if name not in curve.columns())
            if lacking:
                text = f"{', '.join(lacking)}: {text}"
                findings.append(Finding(Severity.ODD, curve.words, (int(curve.rows[0]),), text))
    return kept, findings


def _print_profile_check(path: Path, checked: _Checked, *, quiet: bool) -> None:
    console = plain_output_console()
    points = sum(len(curve.rows) for curve in checked.curves)
    output_line(
        console, f"{path}: {_count(len(checked.curves), 'curve')}, {_count(points, 'point')}"
    )
    if checked.curves and not quiet:
        output_table(console, "Curves", _profile_check_frame(checked), COLUMNS)
        _note_unlisted(console, len(checked.curves), CURVES_LISTED, "curves")
    counts = {s: sum(finding.severity == s for finding in checked.findings) for s in SEVERITIES}
    if not checked.findings:
        output_line(console, "No findings: nothing about these curves is unusual.", "bold")
        return
    print_heading(
        console,
        "Findings, worst first: "
        + ", ".join(f"{count} {s}" for s, count in counts.items() if count),
    )
    for severity in SEVERITIES:
        mine = [finding for finding in checked.findings if finding.severity == severity]
        if mine:
            output_line(console, f"{severity}: {MEANING[severity]}", indent=2)
        for finding in mine[:FINDINGS_LISTED]:
            output_line(console, _profile_check_sentence(finding), indent=4)
        _note_unlisted(console, len(mine), FINDINGS_LISTED, "findings", indent=4)


def _note_unlisted(console: Console, number: int, listed: int, word: str, indent: int = 2) -> None:
    """Say how many are not shown."""
    if number > listed:
        text = f"and {number - listed:,} more {word}; --scenario shows those that a scenario uses"
        output_line(console, text, indent=indent)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _profile_check_sentence(finding: Finding) -> str:
    rows = sorted(finding.rows)
    run = len(rows) > 2 and rows == list(range(rows[0], rows[-1] + 1))
    listed = (
        f"{rows[0]} to {rows[-1]}"
        if run
        else ", ".join(map(str, rows[:ROWS_LISTED])) + (" ..." if len(rows) > ROWS_LISTED else "")
    )
    place = f"row{'s' if len(rows) > 1 else ''} {listed}: " if rows else ""
    return f"{place}{finding.option}: {finding.text}"


def _profile_check_frame(checked: _Checked) -> pd.DataFrame:
    """One row per curve that is listed: option, points, range, columns, shape, findings."""
    counts: dict[str, int] = {}
    for finding in checked.findings:
        counts[finding.option] = counts.get(finding.option, 0) + (finding.severity != "note")
    return pd.DataFrame(
        [
            _profile_check_curve_row(curve, counts.get(curve.words, 0))
            for curve in checked.curves[:CURVES_LISTED]
        ]
    )


def _profile_check_curve_row(curve: CurveRows, findings: int) -> dict[str, object]:
    means = curve.columns(MEANS)
    down = [name for name in curve.columns() if falls_in_shape(curve, name)]
    cost = max((convex_shape_cost(curve.rates, curve.values[name]) for name in means), default=0.0)
    return {
        "LLM": curve.llm,
        "GPU": curve.gpu,
        "TP degree": curve.tp_degree,
        "MPS share (%)": curve.mps_share_pct,
        "Points": len(curve.rows),
        "Rates (req/s)": f"{curve.rates[0]:.4g} to {curve.rates[-1]:.4g}",
        "Monotone": "no" if down else "yes",
        "Convex": "yes" if cost <= CONVEX else f"no, {100 * cost:.1f} %",
        "Findings": findings,
    }


COLUMNS: Sequence[Column] = (
    *(
        ("LLM", "LLM", str),
        ("GPU", "GPU", str),
        ("TP degree", "tp", lambda v: f"{v:g}"),
        ("MPS share (%)", "share\n(%)", lambda v: f"{v:g}"),
    ),
    *(
        ("Points", "points", lambda v: f"{v:,}"),
        ("Rates (req/s)", "rates\n(req/s)", str),
        ("Monotone", "mono-\ntone", str),
    ),
    *(("Convex", "convex, or\nits cost", str), ("Findings", "odd or\nworse", lambda v: f"{v:,}")),
)
