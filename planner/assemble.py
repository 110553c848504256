"""Scenario + catalogue + profiles + scores -> instance. The only place where units change: ms -> s, per cent -> 0..1.

Every profiled option is offered in every pool of its GPU type, then passes the rules in this order; the first it fails is the reason
why it is dropped: `setups` lists its degree and share; its degree fits a node; it has the columns the SLOs need; its memory fits
beside the headroom.
Faults of the scenario, the catalogue, the profiles and the scores are told together.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.instance import Dropped, Instance, Llm, Option, Pool, Slo
from planner.canonical import content_hash
from planner.scenario import MinimizeCost, Overrides, Scenario, ScenarioSpec, read_scenario
from planner.workbook_guard import is_workbook
from profiles.catalogue import load_gpus, load_llms
from profiles.curves import ProfiledOption, ProfileTable, parse_profiles, read_profiles
from profiles.faults import DataError, Fault, ProfileError, ScenarioError, ScoresError, nearest
from profiles.records import STATISTICS, Column, Curve, Scores
from profiles.scores import parse_scores, read_scores
from profiles.tables import Table

if TYPE_CHECKING:
    from planner.workbook_headers import Book

__all__ = ["Loaded", "load_instance", "needed_columns"]

ROOM_SLACK = 1e-9
"""GiB by which memory may exceed the room: the rounding of (1 - headroom) * memory."""


@dataclass(frozen=True)
class Loaded:
    """A sound scenario and its instance. sha256: hash of the canonical content; notices: what the reader should know, one sentence each."""

    scenario: Scenario
    instance: Instance
    sha256: str
    notices: tuple[str, ...]


@dataclass
class _Findings:
    """What is collected on the way. scenario, profiles, scores: faults by file; notices and warnings: sentences."""

    scenario: list[Fault] = field(default_factory=list)
    profiles: list[Fault] = field(default_factory=list)
    scores: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    book: "Book | None" = None

    def table(self, key: str, name: object, given: Table | None) -> tuple[Table | None, bool]:
        """The table given, else that of the workbook's sheet of this name; and whether such a sheet is faulty."""
        if given is not None or self.book is None or name != self.book.content.get(key) or name not in self.book.tables:
            return given, False
        table = self.book.tables[name]
        return table, table is None

    def raise_any(self) -> None:
        """Raise the narrowest error that holds all faults, if there are any; those of a workbook by cell."""
        if self.book is not None:
            self.scenario, self.profiles, self.scores = map(self.book.tell, (self.scenario, self.profiles, self.scores))
        kinds = [(ScenarioError, self.scenario), (ProfileError, self.profiles), (ScoresError, self.scores)]
        faulty = [kind for kind, faults in kinds if faults]
        if faulty:
            error = faulty[0] if len(faulty) == 1 else DataError
            raise error([*self.scenario, *self.profiles, *self.scores], [*self.notices, *self.warnings])


def load_instance(
    source: Scenario | Path | str, overrides: Overrides = (), *, profiles: Table | None = None, scores: Table | None = None
) -> Loaded:
    """Read everything a scenario names. source: a scenario, or its file (then with overrides).

    profiles, scores: tables that stand in memory (a workbook's sheets) instead of in the files that the scenario names.
    Raises DataError (or the one of its kinds that fits) with every fault of every file.
    """
    found = _Findings()
    content: Any = None
    scenario: Scenario | None
    path = source.path if isinstance(source, Scenario) else Path(source)
    if is_workbook(path):
        _open_book(path, found)
    if isinstance(source, Scenario):
        if overrides:
            raise TypeError("overrides go with a file; a Scenario has its own")
        scenario = source
    else:
        scenario, content = read_scenario(path, overrides, found.scenario, found.book)
    if scenario is None:
        _salvage(path, content, profiles, scores, found)
        found.raise_any()
        raise AssertionError("a scenario that cannot be read has faults")
    spec = scenario.spec
    names = [llm.name for llm in spec.llms]
    table = _profile_table(scenario.profiles_path, spec.profiles, profiles, found)
    values = _score_table(scenario.scores_path, spec.scores, scores, names, spec.scores_missing, found)
    pools = _pools(scenario, found)
    weights = _weights(spec, found) if table is None else _weights(spec, found, _memoryless(table))
    options, dropped = _options(scenario, pools, weights, table, found) if table else ((), ())
    found.raise_any()
    if table is None or values is None:
        raise AssertionError("a table that cannot be read has faults")
    instance = _instance(spec, pools, options, dropped, values, tuple(found.warnings))
    notices = (*table.notices, *found.notices, *found.warnings)
    return Loaded(scenario, instance, content_hash(spec, instance, table, weights.values()), notices)


def needed_columns(slo: Slo) -> tuple[Column, ...]:
    """Columns of which an option needs one to be judged: its own, or any percentile of the metric for a percentile over all requests."""
    if slo.statistic == "mean" or slo.scope == "each_llm":
        return ((slo.metric, slo.statistic),)
    return tuple((slo.metric, statistic) for statistic in STATISTICS[1:])


def _instance(
    spec: ScenarioSpec, pools: Sequence[Pool], options: tuple, dropped: tuple, scores: Scores, warnings: tuple[str, ...]
) -> Instance:
    objective = spec.objective
    return Instance(
        llms=tuple(Llm(llm.name, llm.min_replicas, llm.max_replicas) for llm in spec.llms),
        pools=tuple(pools),
        options=options,
        slos=_slos(spec),
        arrival_rate=spec.arrival_rate_rps,
        scores=scores,
        objective="cost" if isinstance(objective, MinimizeCost) else "quality",
        quality_floor=objective.quality_at_least if isinstance(objective, MinimizeCost) else None,
        memory_headroom=spec.setups.memory_headroom_pct / 100,
        min_utilization=spec.setups.min_gpu_utilization_pct / 100,
        dropped=dropped,
        warnings=warnings,
    )


def _slos(spec: ScenarioSpec) -> tuple[Slo, ...]:
    return tuple(Slo(slo.metric, slo.statistic, slo.limit_ms / 1000, slo.scope) for slo in spec.slo)


def _pools(scenario: Scenario, found: _Findings) -> list[Pool]:
    """Pools with the catalogue's memory and price where the scenario states none."""
    pools = []
    for i, pool in enumerate(scenario.spec.pools):
        gpu = load_gpus().get(pool.gpu)
        memory, price = pool.memory_gib, pool.price_usd_per_gpu_h
        if memory is None and gpu is None:
            mend = f"{nearest(pool.gpu, load_gpus())}state memory_gib, or write a catalogued GPU"
            found.scenario.append(Fault(str(scenario.path), f"pools.{i}.gpu", repr(pool.gpu), "the GPU is not in the catalogue", mend))
        if memory is None and gpu is not None:
            memory = gpu.memory_gib
            found.notices.append(f"pools.{i}.memory_gib: {memory:g} GiB of {pool.gpu} from the catalogue")
        if price is None and gpu is not None and gpu.price_usd_per_gpu_h is not None:
            price = gpu.price_usd_per_gpu_h
            found.notices.append(
                f"pools.{i}.price_usd_per_gpu_h: {price:g} USD/h from the catalogue ({gpu.price_source}, {gpu.price_date})"
            )
        if price is None and isinstance(scenario.spec.objective, MinimizeCost):
            where = f"pools.{i}.price_usd_per_gpu_h"
            found.scenario.append(
                Fault(str(scenario.path), where, "", "a cost objective needs a price, and the catalogue has none", "state it")
            )
        pools.append(Pool(pool.name, pool.gpu, pool.nodes, pool.gpus_per_node, memory or 0.0, price))
    return pools


def _memoryless(table: ProfileTable) -> set[str]:
    """LLMs with an option whose memory the profile table does not state."""
    return {option.llm for option in table.options if not option.memory_gib}


def _weights(spec: ScenarioSpec, found: _Findings, needed: set[str] | None = None) -> Mapping[str, float | None]:
    """GiB of each LLM's weights; the catalogue's 16-bit weights where the scenario states none and they are needed."""
    weights: dict[str, float | None] = {}
    for i, llm in enumerate(spec.llms):
        weights[llm.name] = llm.weights_gib
        if llm.weights_gib is None and llm.name in (needed or ()) and llm.name in load_llms():
            weights[llm.name] = load_llms()[llm.name].weights_gib_16bit
            found.notices.append(f"llms.{i}.weights_gib: {weights[llm.name]:g} GiB of {llm.name} at 16 bit from the catalogue")
    return weights


def _options(
    scenario: Scenario, pools: Sequence[Pool], weights: Mapping[str, float | None], table: ProfileTable, found: _Findings
) -> tuple[tuple[Option, ...], tuple[Dropped, ...]]:
    """Options that pass every rule, sorted by (llm, pool, tp_degree, mps_share), and those that do not, with the reason."""
    spec = scenario.spec
    kept: list[Option] = []
    dropped: list[Dropped] = []
    lacks: list[tuple[int, str]] = []
    unsized: set[str] = set()
    position = {llm.name: i for i, llm in enumerate(spec.llms)}
    for profiled, p in _offers(table, position, pools):
        reason = _unwanted(profiled, spec, pools[p])
        if not reason and (lack := _lack(profiled, spec)):
            lacks.append(lack)
            reason = lack[1]
        memory = None if reason else _memory(profiled, weights, table.file, found)
        if not reason and memory is None:
            unsized.add(profiled.llm)
            continue
        room = (1.0 - spec.setups.memory_headroom_pct / 100) * pools[p].memory
        if memory is not None and pools[p].memory and memory > room + ROOM_SLACK:
            reason = f"needs {memory:.4g} GiB on each GPU, but {room:.4g} of {pools[p].memory:.4g} GiB may be filled (memory_headroom_pct)"
        if reason:
            dropped.append(Dropped(profiled.llm, pools[p].name, profiled.tp_degree, profiled.mps_share_pct, reason))
        elif memory is not None:
            kept.append(Option(position[profiled.llm], p, profiled.tp_degree, profiled.mps_share_pct / 100, memory, _curve(profiled)))
    for name in (llm.name for llm in spec.llms if llm.name in unsized):
        where = f"llms.{position[name]}.weights_gib"
        mend = "state weights_gib, or memory_gib_per_gpu in the profile table"
        found.scenario.append(Fault(str(scenario.path), where, "", f"the memory of {name} is not known", mend))
    kept.sort(key=lambda option: (option.llm, option.pool, option.tp_degree, option.mps_share))
    dropped.sort(key=lambda drop: (position[drop.llm], drop.pool, drop.tp_degree, drop.mps_share_pct))
    if not kept and not unsized and not found.profiles and (fault := _nothing_to_choose(scenario, table, dropped)):
        found.scenario.append(fault)
        return (), ()
    if lacks and len(lacks) == len(dropped) and not kept and not unsized:
        i = lacks[0][0]
        there = sorted({f"{metric}_{statistic}_ms" for o in table.options for metric, statistic in o.latency_ms})
        mend = f"profile it, or ask for a statistic that is there: {', '.join(there)}"
        problem = f"no option can be judged by it: each {lacks[0][1]}"
        found.scenario.append(Fault(str(scenario.path), f"slo.{i}.statistic", spec.slo[i].statistic, problem, mend))
        return (), ()
    _tell_unused(scenario, table, kept, dropped, unsized, found)
    return tuple(kept), tuple(dropped)


def _nothing_to_choose(scenario: Scenario, table: ProfileTable, dropped: Sequence[Dropped]) -> Fault | None:
    """The fault of a table that has no row for the scenario, or of setups that leave none; None when options fail for other reasons."""
    spec = scenario.spec
    if not dropped:
        profiled = sorted({f"{option.llm} on {option.gpu}" for option in table.options})
        asked = f"{', '.join(llm.name for llm in spec.llms)} on {', '.join(sorted({pool.gpu for pool in spec.pools}))}"
        mend = f"use the same names in both; profiled: {', '.join(profiled[:8])}{' ...' if len(profiled) > 8 else ''}"
        return Fault(table.file, "columns llm, gpu", "", f"no row is of an LLM and a GPU of the scenario ({asked})", mend)
    if all(" is not among setups." in drop.reason for drop in dropped):
        problem = "they leave no option of the profile table: " + _reasons(dropped)
        return Fault(str(scenario.path), "setups", "", problem, "widen or delete setups.tp_degrees and setups.mps_shares_pct")
    return None


def _offers(table: ProfileTable, llms: Mapping[str, int], pools: Sequence[Pool]) -> Iterator[tuple[ProfiledOption, int]]:
    for profiled in table.options:
        if profiled.llm in llms:
            for p, pool in enumerate(pools):
                if pool.gpu == profiled.gpu:
                    yield profiled, p


def _unwanted(profiled: ProfiledOption, spec: ScenarioSpec, pool: Pool) -> str:
    """Why the option may not be considered in the pool, its memory aside; "" when it may."""
    degrees, shares = spec.setups.tp_degrees, spec.setups.mps_shares_pct
    if degrees is not None and profiled.tp_degree not in degrees:
        return f"{profiled.tp_degree} is not among setups.tp_degrees"
    if shares is not None and profiled.mps_share_pct not in shares:
        return f"{profiled.mps_share_pct:g} is not among setups.mps_shares_pct"
    if profiled.tp_degree > pool.gpus_per_node:
        return f"needs {profiled.tp_degree} GPUs in one node, but a node of {pool.name} has {pool.gpus_per_node}"
    return ""


def _lack(profiled: ProfiledOption, spec: ScenarioSpec) -> tuple[int, str] | None:
    """The first SLO that the option cannot be judged by, and what it lacks for it."""
    for i, slo in enumerate(_slos(spec)):
        columns = needed_columns(slo)
        if not any(column in profiled.latency_ms for column in columns):
            names = [f"{metric}_{statistic}_ms" for metric, statistic in columns]
            lacking = f"lacks the column {names[0]}" if len(names) == 1 else f"lacks every one of {', '.join(names)}"
            return i, f"{lacking} for slo.{i}"
    return None


def _memory(profiled: ProfiledOption, weights: Mapping[str, float | None], file: str, found: _Findings) -> float | None:
    """GiB of one shard: as profiled (the largest), else the weights alone; None when neither is known."""
    option = f"{profiled.llm} on {profiled.gpu}, tp {profiled.tp_degree}, share {profiled.mps_share_pct:g} %"
    if profiled.memory_gib:
        if len(profiled.memory_gib) > 1:
            values = ", ".join(f"{value:g}" for value in profiled.memory_gib)
            _once(found.warnings, f"{file}: memory_gib_per_gpu of {option} differs between rows ({values}); the largest is taken")
        return profiled.memory_gib[-1]
    known = weights[profiled.llm]
    if known is None:
        return None
    _once(found.warnings, f"{profiled.llm}: its memory is weights_gib / tp_degree where the profile states none; no KV cache is counted")
    return known / profiled.tp_degree


def _curve(profiled: ProfiledOption) -> Curve:
    """Convert the curve to SI units."""
    latency = {column: np.asarray(values) / 1000.0 for column, values in profiled.latency_ms.items()}
    return Curve(profiled.rates, latency, profiled.provenance, profiled.source, profiled.tokens)


def _tell_unused(
    scenario: Scenario, table: ProfileTable, kept: Sequence[Option], dropped: Sequence[Dropped], unsized: set[str], found: _Findings
) -> None:
    """Notices of profiles that serve nothing and of LLMs and pools without an option; a fault where replicas are demanded."""
    spec = scenario.spec
    for what, known, there in (
        ("LLMs", [llm.name for llm in spec.llms], {option.llm for option in table.options}),
        ("GPUs", [pool.gpu for pool in spec.pools], {option.gpu for option in table.options}),
    ):
        if alien := sorted(there - set(known)):
            told = ", ".join(f"{name} ({guess.strip()})" if (guess := nearest(name, set(known) - there)) else name for name in alien[:20])
            more = f" and {len(alien) - 20} more" if len(alien) > 20 else ""
            found.notices.append(f"{table.file}: ignored profiles of {what} that the scenario does not name: {told}{more}")
    for i, llm in enumerate(spec.llms):
        if llm.name in unsized or any(option.llm == i for option in kept):
            continue
        why = (
            _reasons([drop for drop in dropped if drop.llm == llm.name])
            or f"no row of {table.file} is of {llm.name} on a GPU of the scenario"
        )
        if llm.min_replicas:
            problem = f"{llm.name} has no option, so no replica can be deployed ({why})"
            mend = "profile it, widen setups, or lower min_replicas to 0"
            found.scenario.append(Fault(str(scenario.path), f"llms.{i}.min_replicas", str(llm.min_replicas), problem, mend))
        else:
            found.notices.append(f"{llm.name} has no option and cannot be deployed: {why}")
    for p, pool in enumerate(spec.pools):
        if not unsized and not any(option.pool == p for option in kept):
            why = _reasons([drop for drop in dropped if drop.pool == pool.name]) or f"no row of {table.file} is of {pool.gpu}"
            found.notices.append(f"the pool {pool.name} has no option and stays empty: {why}")


def _reasons(drops: Sequence[Dropped]) -> str:
    """Tell the reasons, each once with the number of its options, at most three."""
    counts = Counter(drop.reason for drop in drops)
    reasons = [f"{count} option{'s' if count > 1 else ''}: {reason}" for reason, count in counts.items()]
    return "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")


def _once(sentences: list[str], sentence: str) -> None:
    if sentence not in sentences:
        sentences.append(sentence)


def _open_book(path: Path, found: _Findings) -> None:
    """Read a workbook once for scenario and tables; raise when there is nothing to go on with."""
    # Imported here because only workbooks need openpyxl.
    from planner.scenario_workbook import read_book

    found.book = read_book(path, found.scenario)
    if found.book is None:
        found.raise_any()
    else:
        found.notices.extend(found.book.notices)


def _profile_table(path: Path, name: object, given: Table | None, found: _Findings) -> ProfileTable | None:
    table, faulty = found.table("profiles", name, given)
    if faulty:
        return None
    return read_profiles(path, found.profiles) if table is None else parse_profiles(table, found.profiles)


def _score_table(path: Path, name: object, given: Table | None, llms: Sequence[str], missing: str, found: _Findings) -> Scores | None:
    table, faulty = found.table("scores", name, given)
    if faulty:
        return None
    if table is None:
        return read_scores(path, llms, missing, found.scores, found.notices)
    return parse_scores(table, llms, missing, found.scores, found.notices)


def _salvage(path: Path, content: Any, profiles: Table | None, scores: Table | None, found: _Findings) -> None:
    """Check the tables a faulty scenario names as far as it can be understood, so that all faults are told at once."""
    if not isinstance(content, Mapping):
        return

    def named(key: str) -> Path | None:
        value = content.get(key)
        return path.parent / value if isinstance(value, str) and value else None

    if profiles is not None or named("profiles"):
        _profile_table(named("profiles") or path, content.get("profiles"), profiles, found)
    llms = content.get("llms")
    names = [llm.get("name") if isinstance(llm, Mapping) else None for llm in llms] if isinstance(llms, list) else []
    sound = [name for name in names if isinstance(name, str)]
    if (scores is not None or named("scores")) and sound and len(set(sound)) == len(names):
        missing = "drop" if content.get("scores_missing") == "drop" else "error"
        _score_table(named("scores") or path, content.get("scores"), scores, sound, missing, found)
