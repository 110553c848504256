"""Metrics of running servers -> windows of 5 minutes of every option that a plan deploys.

Which option a server runs is read from its labels and from what the user says
(`profiles.importers.identify`): its LLM, and the other keys only where the plan deploys the LLM in
several ways. The LLM's name may be the scenario's, the one under which a deploy bundle serves it
(the same letters and digits) or the catalogue's of a model id.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.instance import Instance, Option
from planner.errors import DataError
from planner.plans.option_index import DeployedOption
from profiles.importers.formats.record import Run
from profiles.importers.identify import Given, own_identity
from profiles.io.faults import Fault
from profiles.live_metrics.rate_bins import ServerWindow
from profiles.live_metrics.record import MetricSeries, Scrapes
from profiles.live_metrics.servers import servers_of_series
from profiles.live_metrics.sources import MetricsChoice, read_metric_sources
from profiles.live_metrics.windows import cut_windows

__all__ = [
    "MeteredOption",
    "MeteredOptions",
    "read_metered_options",
    "sort_metered_series",
]

FIX = "say it in a mapping file: --map, servers: [{match: {LABEL: PATTERN}, tp: N, share: PCT}]"
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class MeteredOption:
    """One deployed option. steady: windows of steady load, in the order of time; all: the others
    too.
    """

    deployed: DeployedOption
    option: Option
    llm: str
    words: str
    steady: Sequence[ServerWindow]
    all: Sequence[ServerWindow]

    @property
    def replicas_seen(self) -> int:
        """Replicas behind the servers that have metrics."""
        return sum({one.server: one.replicas for one in self.all}.values())

    @property
    def is_whole(self) -> bool:
        """Whether as many replicas have metrics as get requests by plan."""
        return self.deployed.rate == 0 or self.replicas_seen >= self.deployed.replicas


@dataclass(frozen=True, kw_only=True)
class MeteredOptions:
    """options: every one that the plan deploys, also those without a server; servers: that run
    them; start, end: s since 1970, of the first and last window.
    """

    options: Sequence[MeteredOption]
    servers: int
    start: float
    end: float
    left_out: Mapping[str, int]
    notices: Sequence[str]

    @property
    def is_whole(self) -> bool:
        """Whether all replicas that get requests by plan have metrics."""
        return all(one.is_whole for one in self.options)

    @property
    def windows(self) -> list[ServerWindow]:
        """Of all options."""
        return [one for option in self.options for one in option.all]


@dataclass
class _Sorting:
    """Where windows go. position: of Instance.options."""

    steady: dict[int, list[ServerWindow]] = field(default_factory=dict)
    all: dict[int, list[ServerWindow]] = field(default_factory=dict)
    servers: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    strangers: list[str] = field(default_factory=list)
    doubtful: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_metered_options(
    sources: Sequence[str],
    given: Given,
    choice: MetricsChoice,
    instance: Instance,
    deployed: Sequence[DeployedOption],
) -> MeteredOptions:
    """Read and sort. DataError where nothing can be read, or no server runs an option."""
    notices: list[str] = []
    series = read_metric_sources(sources, choice, notices)
    return sort_metered_series(series, given, instance, deployed, notices)


def sort_metered_series(
    series: Iterable[MetricSeries],
    given: Given,
    instance: Instance,
    deployed: Sequence[DeployedOption],
    notices: Sequence[str] = (),
) -> MeteredOptions:
    """Sort what was read. notices: on reading; DataError as above."""
    notices = list(notices)
    servers = servers_of_series(series)
    sorting = _Sorting()
    for server in servers:
        _sort_metered_server(server, given, instance, deployed, sorting)
    if sorting.doubtful:
        raise DataError(
            [
                Fault("--prometheus", words, "", f"it may run {' or '.join(candidates)}", FIX)
                for words, candidates in list(sorting.doubtful.items())[:NAMED]
            ],
            notices,
        )
    if sorting.strangers:
        more = f" and {len(sorting.strangers) - 1} more" if len(sorting.strangers) > 1 else ""
        notices.append(
            f"{sorting.strangers[0]}{more}: no option of this plan, left out (--map says what a"
            " server runs)"
        )
    options = [_metered_option(one, instance, sorting) for one in deployed]
    notices += [
        f"{one.words}: {one.replicas_seen or 'none'} of {one.deployed.replicas} planned replicas"
        " have metrics; a rate below the planned one is not judged"
        for one in options
        if not one.is_whole
    ]
    windows = [one.window for option in options for one in option.all]
    if not windows:
        raise DataError([_nothing_metered(len(servers), sorting)], notices)
    return MeteredOptions(
        options=options,
        servers=sorting.servers,
        start=min(one.start for one in windows),
        end=max(one.start + one.seconds for one in windows),
        left_out=sorting.left_out,
        notices=notices,
    )


def _nothing_metered(servers: int, sorting: _Sorting) -> Fault:
    if not servers:
        problem = "there is no vLLM or SGLang server that counts requests"
        return Fault("--prometheus", "", "", problem, "check address, --label, --from and --to")
    if sorting.servers:
        problem = "no window of 5 minutes is whole"
        return Fault("--prometheus", "", "", problem, "take a longer time: --from, --to")
    problem = f"none of {servers} servers runs an option of this plan"
    return Fault("--prometheus", "", "", problem, "name their LLMs in a mapping file: --map")


def _metered_option_words(instance: Instance, option: Option) -> str:
    """An option in words."""
    return (
        f"{instance.llms[option.llm].name} on {instance.pools[option.pool].gpu},"
        f" tp{option.tp_degree} {option.mig_profile or f'{100 * option.mps_share:g} %'}"
    )


def _metered_option(one: DeployedOption, instance: Instance, sorting: _Sorting) -> MeteredOption:
    option = instance.options[one.position]

    def in_order(found: Mapping[int, list[ServerWindow]]) -> list[ServerWindow]:
        return sorted(found.get(one.position, []), key=lambda entry: entry.window.start)

    return MeteredOption(
        deployed=one,
        option=option,
        llm=instance.llms[option.llm].name,
        words=_metered_option_words(instance, option),
        steady=in_order(sorting.steady),
        all=in_order(sorting.all),
    )


def _sort_metered_server(
    server: Scrapes,
    given: Given,
    instance: Instance,
    deployed: Sequence[DeployedOption],
    sorting: _Sorting,
) -> None:
    """Add the windows of a server to the option that it runs."""
    own, words = given.of_labels(server.labels), server.words
    run = Run(
        tool=f"{server.engine} metrics",
        version="",
        file=words,
        model=server.labels.get("model_name", ""),
    )
    found = [one for one in deployed if _may_be_metered(run, own, instance, one)]
    if not found:
        sorting.strangers.append(words)
        return
    if len(found) > 1:
        sorting.doubtful[words] = tuple(
            _metered_option_words(instance, instance.options[one.position]) for one in found
        )
        return
    cut, at, replicas = cut_windows(server), found[0].position, own.with_stated(run).replicas
    sorting.servers += 1
    sorting.left_out.update({fault.value: number for fault, number in cut.left_out.items()})
    for into, windows in ((sorting.steady, cut.windows), (sorting.all, cut.windows + cut.unsteady)):
        into.setdefault(at, []).extend(
            ServerWindow(window, words, server.engine, replicas) for window in windows
        )


def _may_be_metered(run: Run, own: Given, instance: Instance, one: DeployedOption) -> bool:
    """Whether nothing says that a server does not run an option."""
    option = instance.options[one.position]
    truth: dict[str, Any] = {
        "llm": instance.llms[option.llm].name,
        "gpu": instance.pools[option.pool].gpu,
        "tp": option.tp_degree,
        "share": 100.0 * option.mps_share,
    }
    for key, value in truth.items():
        said = own.stated(run.file, key)
        if said is None and key == "llm":
            names = {run.model, own_identity(run, key, own, [])[0] or ""}
            if _letters(value) not in {_letters(name) for name in names}:
                return False
            continue
        said = own.defaults.get(key) if said is None else said
        same = abs(said - value) < 1e-6 if key == "share" and said is not None else said == value
        if said is not None and not same:
            return False
    return True


def _letters(name: str) -> str:
    """A name as labels keep it: letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())
