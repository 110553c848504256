"""Metrics of running servers -> profile table.

Order of work, and what each step reports:

    read        sources                        what cannot be read or asked: faults
    servers     servers                        none that counts requests: fault
    cut         windows                        windows left out, by reason
    identify    profiles.importers.identify    servers whose option nothing says: one fault
    bin         rate_bins                      bins of too few windows; percentiles in wide buckets
    judge       profiles.importers.formats.rules    points that are none
    fill, check profiles.importers             as for files of benchmarks
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from profiles.importers.formats.record import Run
from profiles.importers.formats.rules import judge_by_rules
from profiles.importers.identify import Given, Option, identify_option, unidentified_fault
from profiles.importers.pool import LoadPoint, option_words, pool_without_gaps
from profiles.importers.table import checked_table, own_table_rows, table_rows_of_points
from profiles.io.faults import DataError, Fault
from profiles.live_metrics.metric_names import Engine
from profiles.live_metrics.point_notes import (
    live_option_notices,
    live_point_source,
    live_server_remarks,
)
from profiles.live_metrics.rate_bins import (
    FEWEST_WINDOWS,
    BinnedPoint,
    RateBins,
    ServerWindow,
    bin_windows,
)
from profiles.live_metrics.record import Scrapes
from profiles.live_metrics.servers import servers_of_series
from profiles.live_metrics.sources import MetricsChoice, read_metric_sources
from profiles.live_metrics.windows import cut_windows

__all__ = ["LiveImport", "LivePoint", "ServerAccount", "import_live_metrics"]

SERVER_SIDE = "latencies are those at the server: what gateway and network add is not in them"
FEW_WINDOWS = f"fewer than {FEWEST_WINDOWS} windows had such a rate"
ONE_SCRAPE = "a window takes scrapes over 5 minutes"


@dataclass
class ServerAccount:
    """What became of one server. place: its name in short; used: windows in points; left_out: the
    others, by reason.
    """

    server: str
    place: str
    engine: Engine
    used: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class LivePoint:
    """A point as it stands in the table. run: what is in the row; binned: what it is made of."""

    option: Option
    run: Run
    binned: BinnedPoint


@dataclass(frozen=True, kw_only=True)
class LiveImport:
    """frame: the profile table; kept: rows of it that were there before."""

    frame: pd.DataFrame
    points: Sequence[LivePoint]
    servers: Sequence[ServerAccount]
    notices: Sequence[str]
    kept: int


@dataclass
class _Gathered:
    """Windows by option; neighbours: what is stated of the servers of an option; missing: servers
    whose option is not known; remarks: sentence -> servers that it is about.
    """

    accounts: dict[str, ServerAccount] = field(default_factory=dict)
    windows: dict[Option, list[ServerWindow]] = field(default_factory=lambda: defaultdict(list))
    neighbours: dict[Option, set[str]] = field(default_factory=lambda: defaultdict(set))
    missing: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    remarks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def import_live_metrics(
    sources: Sequence[str],
    given: Given,
    choice: MetricsChoice,
    before: Path | None = None,
    faults: Sequence[Fault] = (),
) -> LiveImport:
    """Make the table.

    sources: addresses, files and folders; before: a table whose rows are kept; faults: known
    already. Raises DataError with every fault.
    """
    all_faults: list[Fault] = list(faults)
    notices: list[str] = []
    kept = own_table_rows(before, {}, all_faults) if before is not None else pd.DataFrame()
    if all_faults:
        raise DataError(all_faults)
    servers = servers_of_series(read_metric_sources(sources, choice, notices))
    if not servers:
        raise DataError([_no_live_server(choice)], notices)
    gathered = _Gathered()
    for server in servers:
        _gather_live_server(server, given, gathered, notices)
    if gathered.missing:
        raise DataError([unidentified_fault(gathered.missing, "servers")], notices)
    notices += [
        f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {sentence}"
        for sentence, names in gathered.remarks.items()
    ]
    points: list[LivePoint] = []
    for option in sorted(gathered.windows):
        points += _live_points(option, gathered, choice, notices)
    if not points:
        raise DataError([_nothing_live(gathered)], notices)
    accounts = list(gathered.accounts.values())
    return LiveImport(
        frame=checked_table([kept, _live_rows(points, accounts)], notices),
        points=points,
        servers=accounts,
        notices=list(dict.fromkeys([SERVER_SIDE, *notices])),
        kept=len(kept),
    )


def _gather_live_server(
    server: Scrapes, given: Given, gathered: _Gathered, notices: list[str]
) -> None:
    """Cut one server's windows and add them to its option."""
    cut, words = cut_windows(server), server.words
    account = gathered.accounts.setdefault(words, ServerAccount(words, server.place, server.engine))
    account.left_out.update({fault.value: number for fault, number in cut.left_out.items()})
    if not cut.windows:
        account.left_out[ONE_SCRAPE] += not cut.left_out
        return
    own = given.of_labels(server.labels)
    probe = Run(
        tool=f"{server.engine} metrics",
        version="",
        file=words,
        model=server.labels.get("model_name", ""),
    )
    option, lacking = identify_option(probe, own, notices)
    if option is None:
        gathered.missing.append((words, lacking))
        return
    split = own.why_split(words, option)
    if split:
        account.left_out[split] += len(cut.windows)
        return
    stated = own.with_stated(probe)
    gathered.neighbours[option].add(stated.neighbours)
    for sentence in live_server_remarks(server, cut, stated.replicas):
        gathered.remarks[sentence].append(words)
    gathered.windows[option] += [
        ServerWindow(window, words, server.engine, stated.replicas) for window in cut.windows
    ]


def _live_points(
    option: Option, gathered: _Gathered, choice: MetricsChoice, notices: list[str]
) -> list[LivePoint]:
    """The points of one option, as they come into the table."""
    windows, beside = gathered.windows[option], gathered.neighbours[option]
    bins = bin_windows(windows, choice.widest_bucket)
    for server, number in bins.left_out.items():
        gathered.accounts[server].left_out[FEW_WINDOWS] += number
    notices += live_option_notices(option_words(option), windows, bins, choice.widest_bucket)
    points = pool_without_gaps(_judged_live_points(option, bins, gathered, notices), notices)
    by_rate = {point.run.place: point for point in bins.points}
    found = []
    for point in points:
        binned = by_rate[point.run.place]
        for server, number in binned.windows.items():
            gathered.accounts[server].used += number
        run = replace(point.run, neighbours=next(iter(beside)) if len(beside) == 1 else "unknown")
        found.append(LivePoint(option, run, binned))
    return found


def _judged_live_points(
    option: Option, bins: RateBins, gathered: _Gathered, notices: list[str]
) -> list[LoadPoint]:
    points = []
    for binned in bins.points:
        verdict = judge_by_rules(binned.run)
        notices += [
            f"{option_words(option)} at {binned.run.place}: {notice}" for notice in verdict.notices
        ]
        if verdict.run is not None:
            points.append(LoadPoint(option, verdict.run, tuple(binned.windows)))
            continue
        for server, number in binned.windows.items():
            gathered.accounts[server].left_out[verdict.reason] += number
    return points


def _live_rows(points: Sequence[LivePoint], accounts: Sequence[ServerAccount]) -> pd.DataFrame:
    """Rows of the table; the source says servers, windows and errors."""
    places = {account.server: account.place for account in accounts}
    loads = [LoadPoint(point.option, point.run, tuple(point.binned.windows)) for point in points]
    frame = table_rows_of_points(loads)
    frame["source"] = [live_point_source(point.run, point.binned, places) for point in points]
    return frame


def _no_live_server(choice: MetricsChoice) -> Fault:
    asked = " with these labels and times" if choice.labels or choice.start is not None else ""
    return Fault(
        "--prometheus",
        "",
        "",
        f"there is no vLLM or SGLang server that counts requests{asked}"
        " (vllm:request_success_total, sglang:num_requests_total)",
        "check address, --label, --from and --to; SGLang needs --enable-metrics",
    )


def _nothing_live(gathered: _Gathered) -> Fault:
    reasons: Counter[str] = Counter()
    for account in gathered.accounts.values():
        reasons.update(account.left_out)
    said = "; ".join(f"{number:,} {reason}" for reason, number in reasons.most_common())
    problem = f"no point is left to write (windows left out: {said or 'none'})"
    return Fault("--prometheus", "", "", problem, "take a longer time, or one of steady load")
