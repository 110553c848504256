"""Scenario + catalogue + profiles + scores -> instance.

Units change here and in `planner.scenario.options` alone: ms -> s, per cent -> 0..1.

Faults of the scenario, the catalogue, the profiles and the scores are raised together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.demand.requests import DemandInstance
from models.instance import Dropped, Headroom, Instance, Llm, ObjectiveKind, Option, Pool
from planner.scenario.assemble_demand import (
    build_class_curves,
    read_scenario_profiles,
    read_scenario_rates,
    read_scenario_scores,
    refuse_scenario_sizing,
)
from planner.scenario.content_hash import content_hash, table_hashes
from planner.scenario.demand.class_curves import (
    own_rows_of_classes,
)
from planner.scenario.demand.demand_instance import assemble_base_scores, assemble_demand_instance
from planner.scenario.demand.demand_notices import demand_notices
from planner.scenario.demand.slo_columns import build_slos
from planner.scenario.inputs import (
    InputFindings,
    InputTables,
    check_named_input_tables,
    open_input_book,
)
from planner.scenario.load import Overrides, Scenario, load_scenario_with_content
from planner.scenario.options import build_options
from planner.scenario.plausibility import (
    few_prompts_notice,
    placeholder_scores_notices,
    warn_of_implausible_curves,
    warn_of_implausible_settings,
)
from planner.scenario.schema.specification import MinimizeCost, PoolSpec, ScenarioSpec
from planner.settings import Settings
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.curves import ProfileTable
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.tables import Table
from profiles.io.workbook_guard import is_workbook
from profiles.records import Scores

__all__ = ["LoadResult", "assemble_instance", "assemble_pools"]


@dataclass(frozen=True)
class LoadResult:
    """A sound scenario and its instance. sha256: hash of the canonical content; notices: what the
    reader should know, one sentence each; tables: as they were read; table_sha256: as of
    `table_hashes`.

    demand: of a scenario with classes, cases, LLMs outside or a budget that mean more than one
    class in one case; its `instance` is then the one here, with the highest rate of a case and the
    scores of the first class. None for every other scenario.
    """

    scenario: Scenario
    instance: Instance
    sha256: str
    notices: tuple[str, ...]
    tables: InputTables = field(repr=False)
    demand: DemandInstance | None = None
    table_sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """How long and how closely the scenario says to search."""
        solver = self.scenario.spec.solver
        return Settings(
            rel_gap=solver.rel_gap,
            time_limit=solver.time_limit_s,
            threads=solver.threads,
            seed=solver.seed,
        )


def assemble_instance(
    source: Scenario | Path | str,
    overrides: Overrides = (),
    *,
    profiles: Table | None = None,
    scores: Table | None = None,
    cells: bool = False,
    sizing: bool = False,
) -> LoadResult:
    """Read everything a scenario names, check it, and assemble the instance.

    source: a scenario, or its file (then with overrides). profiles, scores: tables in memory (a
    page's uploads) instead of the files that the scenario names. cells: the caller plans
    `LoadResult.demand` where there is one; else such a scenario is a fault. sizing: the caller
    decides numbers of nodes that are left to it; else they are a fault.

    Raises DataError (or the one of its kinds that fits) with every fault of every file.
    """
    findings = InputFindings()
    path = source.path if isinstance(source, Scenario) else Path(source)
    if is_workbook(path):
        open_input_book(path, findings)
    scenario, content = _scenario_to_assemble(source, overrides, findings)
    if scenario is None:
        check_named_input_tables(path, content, profiles, scores, findings)
        findings.raise_any()
        raise AssertionError("a scenario that cannot be read has faults")
    if not sizing:
        refuse_scenario_sizing(scenario)
    scenario, rates = read_scenario_rates(scenario, findings, cells=cells)
    spec = scenario.spec
    table, own_tables = read_scenario_profiles(scenario, profiles, findings)
    own = own_rows_of_classes(own_tables)
    score_tables = read_scenario_scores(scenario, scores, findings)
    pools = assemble_pools(scenario, findings)
    weights = _assemble_weights(spec, findings, _memoryless(table))
    options, dropped = (
        build_options(scenario, pools, weights, table, findings, own) if table else ((), ())
    )
    _refuse_mig_in_schedule(scenario, options, findings)
    findings.raise_any()
    if table is None or score_tables is None:
        raise AssertionError("a table that cannot be read has faults")
    values = assemble_base_scores(spec, score_tables.of_class[0])
    warn_of_implausible_curves(table, weights, findings)
    warn_of_implausible_settings(spec, table, values, findings)
    findings.notices.extend(few_prompts_notice(spec.scores, values))
    rate = spec.rate_in_all if rates is None else float(rates.sum(axis=0).max())
    instance = _assemble_instance(spec, pools, (options, dropped), (rate, values), findings)
    demand = None
    if rates is not None:
        curves = build_class_curves(spec, instance, own)
        demand = assemble_demand_instance(spec, instance, score_tables.of_class, rates, curves)
        findings.notices.extend(demand_notices(spec, demand))
    named = [one.scores or spec.scores for one in spec.classes or ()] or [spec.scores]
    made_up = placeholder_scores_notices(dict(zip(named, score_tables.of_class, strict=True)))
    notices = (*made_up, *table.notices, *findings.notices, *findings.warnings)
    return LoadResult(
        scenario,
        instance,
        content_hash(spec, instance, (table, own_tables), weights.values(), demand),
        notices,
        InputTables(
            table,
            score_tables.cells,
            findings.sheets(spec.profiles, spec.scores) | set(findings.sheets_of_classes()),
            own_tables,
            score_tables.tables,
        ),
        demand,
        table_hashes((table, own_tables), instance.scores),
    )


def _refuse_mig_in_schedule(
    scenario: Scenario, options: Sequence[Option], findings: InputFindings
) -> None:
    """A fault of a scheduled fleet with MIG instances: a GPU is divided anew only while it is idle,
    and no cycle of setups takes that into account.
    """
    if scenario.spec.fleet.mode == "scheduled" and any(option.mig for option in options):
        problem = "a scheduled fleet has no MIG instances yet: dividing a GPU anew needs it idle"
        fix = "state setups.mig_profiles: [], or fleet.mode: fixed"
        where = Fault(str(scenario.path), "fleet.mode", "scheduled", problem, fix)
        findings.scenario.append(where)


def _scenario_to_assemble(
    source: Scenario | Path | str, overrides: Overrides, findings: InputFindings
) -> tuple[Scenario | None, Any]:
    """The scenario (None where it is faulty) and its content as far as it could be read."""
    if not isinstance(source, Scenario):
        return load_scenario_with_content(Path(source), overrides, findings.scenario, findings.book)
    if overrides:
        raise TypeError("overrides go with a file; a Scenario has its own")
    return source, None


def _assemble_instance(
    spec: ScenarioSpec,
    pools: Sequence[Pool],
    options: tuple[tuple[Option, ...], tuple[Dropped, ...]],
    requests: tuple[float, Scores],
    findings: InputFindings,
) -> Instance:
    """options: kept and dropped ones; requests: rate in all, req/s, and scores."""
    objective = spec.objective
    return Instance(
        llms=tuple(Llm(llm.name, llm.min_replicas, llm.max_replicas) for llm in spec.cluster_llms),
        pools=tuple(pools),
        options=options[0],
        slos=build_slos(spec.slo),
        arrival_rate=requests[0],
        scores=requests[1],
        objective=(
            ObjectiveKind.COST if isinstance(objective, MinimizeCost) else ObjectiveKind.QUALITY
        ),
        quality_floor=objective.quality_at_least if isinstance(objective, MinimizeCost) else None,
        memory_headroom=spec.setups.memory_headroom_pct / 100,
        min_utilization=spec.setups.min_gpu_utilization_pct / 100,
        dropped=options[1],
        warnings=tuple(findings.warnings),
        headroom=Headroom(
            slo=spec.headroom.slo_pct / 100,
            rate=spec.headroom.rate_pct / 100,
            utilization=spec.headroom.utilization_pct / 100,
        ),
    )


def assemble_pools(scenario: Scenario, findings: InputFindings) -> list[Pool]:
    """Pools with the catalogue's memory and price where the scenario states none."""
    pools = []
    for i, pool in enumerate(scenario.spec.pools):
        gpu = load_catalogue_gpus().get(pool.gpu)
        memory, price = pool.memory_gib, pool.price_by_hour
        if memory is None and gpu is None:
            fix = (
                f"{fault_spelling_guess(pool.gpu, load_catalogue_gpus())}state memory_gib,"
                " or write a catalogued GPU"
            )
            findings.scenario.append(
                Fault(
                    str(scenario.path),
                    f"pools.{i}.gpu",
                    repr(pool.gpu),
                    "the GPU is not in the catalogue",
                    fix,
                )
            )
        if memory is None and gpu is not None:
            memory = gpu.memory_gib
            findings.notices.append(
                f"memory of a GPU of the pool {pool.name}: {memory:g} GiB of {pool.gpu} from the"
                " catalogue"
            )
        if price is None and gpu is not None and gpu.price_usd_per_gpu_h is not None:
            price = gpu.price_usd_per_gpu_h
            findings.notices.append(
                f"price of a GPU of the pool {pool.name}: {price:g} USD/h from the catalogue"
                f" ({gpu.price_source}, {gpu.price_date})"
            )
        if price is None and _needs_prices(scenario.spec):
            where = f"pools.{i}.price_usd_per_gpu_h"
            findings.scenario.append(
                Fault(
                    str(scenario.path),
                    where,
                    "",
                    _price_problem(scenario.spec),
                    "state it",
                )
            )
        pools.append(
            Pool(
                name=pool.name,
                gpu=pool.gpu,
                nodes=pool.most_nodes,
                gpus_per_node=pool.gpus_per_node,
                memory=memory or 0.0,
                price=price,
                **_assemble_payment(pool),
            )
        )
    return pools


def _assemble_payment(pool: PoolSpec) -> dict[str, Any]:
    """How a pool is paid, and between which numbers of nodes a plan decides."""
    sized = None if isinstance(pool.nodes, int) else (pool.nodes.at_least, pool.nodes.at_most)
    reserved = pool.reserved
    return {
        "owned": pool.owned and sized is None,
        "reserved": 0 if reserved is None else reserved.nodes,
        "reserved_price": 0.0 if reserved is None else reserved.price_usd_per_gpu_h,
        "sized": sized,
    }


def _needs_prices(spec: ScenarioSpec) -> bool:
    """Whether cost is minimised or bounded."""
    objective = spec.objective
    return isinstance(objective, MinimizeCost) or objective.cost_at_most_usd_per_h is not None


def _price_problem(spec: ScenarioSpec) -> str:
    what = "cost objective" if isinstance(spec.objective, MinimizeCost) else "budget"
    return f"a {what} needs a price, and the catalogue has none"


def _memoryless(table: ProfileTable | None) -> set[str]:
    """LLMs with an option whose memory the profile table does not state."""
    return {option.llm for option in table.options if not option.memory_gib} if table else set()


def _assemble_weights(
    spec: ScenarioSpec, findings: InputFindings, needed: set[str]
) -> Mapping[str, float | None]:
    """GiB of each LLM's weights; the catalogue's 16-bit weights where the scenario states none and
    they are needed.
    """
    weights: dict[str, float | None] = {}
    for llm in spec.cluster_llms:
        weights[llm.name] = llm.weights_gib
        if llm.weights_gib is None and llm.name in needed and llm.name in load_catalogue_llms():
            weights[llm.name] = load_catalogue_llms()[llm.name].weights_gib_16bit
            findings.notices.append(
                f"weights of {llm.name}: {weights[llm.name]:g} GiB at 16 bits (bf16) from the"
                " catalogue"
            )
    return weights
