"""What no option is left for: faults where nothing can be planned, notices of LLMs, pools and
profiles that serve nothing.
"""

from collections import Counter
from collections.abc import Sequence

from models.instance import Dropped, Option
from planner.scenario.inputs import InputFindings
from planner.scenario.load import Scenario
from planner.scenario.option_rules import UnjudgedSlo
from profiles.curves import ProfileTable
from profiles.io.faults import Fault, fault_spelling_guess

__all__ = ["no_used_option_fault", "note_unused_options", "unjudged_slo_fault"]

SHOWN_NAMES = 20
SHOWN_REASONS = 3


def no_used_option_fault(
    scenario: Scenario, table: ProfileTable, dropped: Sequence[Dropped]
) -> Fault | None:
    """The fault of a table that has no row for the scenario, or of setups that leave none; None
    when options fail for other reasons.
    """
    spec = scenario.spec
    if not dropped:
        profiled = sorted({f"{option.llm} on {option.gpu}" for option in table.options})
        named = (
            f"{', '.join(llm.name for llm in spec.cluster_llms)} on"
            f" {', '.join(sorted({pool.gpu for pool in spec.pools}))}"
        )
        fix = (
            "use the same names in both; profiled:"
            f" {', '.join(profiled[:8])}{' ...' if len(profiled) > 8 else ''}"
        )
        problem = f"no row is of an LLM and a GPU of the scenario ({named})"
        return Fault(table.file, "columns llm, gpu", "", problem, fix)
    if all(" is not among setups." in drop.reason for drop in dropped):
        problem = "they leave no option of the profile table: " + _unused_reasons(dropped)
        fix = "widen or delete setups.tp_degrees, setups.mps_shares_pct and setups.mig_profiles"
        return Fault(str(scenario.path), "setups", "", problem, fix)
    return None


def unjudged_slo_fault(scenario: Scenario, table: ProfileTable, unjudged: UnjudgedSlo) -> Fault:
    """The fault of an SLO that no option has a column for."""
    profiled = sorted(
        {f"{metric}_{statistic}_ms" for o in table.options for metric, statistic in o.latency_ms}
    )
    return Fault(
        str(scenario.path),
        f"{unjudged.place}.statistic",
        unjudged.slo.statistic,
        f"no option can be judged by it: {unjudged.lacking}",
        f"profile it, or choose a statistic that is: {', '.join(profiled)}",
    )


def note_unused_options(
    scenario: Scenario,
    table: ProfileTable,
    kept: Sequence[Option],
    dropped: Sequence[Dropped],
    unsized: set[str],
    findings: InputFindings,
) -> None:
    """Notices of profiles that serve nothing and of LLMs and pools without an option; a fault where
    replicas are demanded.

    unsized: LLMs whose memory is not known; they have a fault of their own already.
    """
    spec = scenario.spec
    _note_unused_profiles(table, "LLMs", [llm.name for llm in spec.cluster_llms], findings)
    _note_unused_profiles(table, "GPUs", [pool.gpu for pool in spec.pools], findings)
    for i, llm in enumerate(spec.cluster_llms):
        if llm.name in unsized or any(option.llm == i for option in kept):
            continue
        why = (
            _unused_reasons([drop for drop in dropped if drop.llm == llm.name])
            or f"no row of {table.file} is of {llm.name} on a GPU of the scenario"
        )
        if llm.min_replicas:
            problem = f"{llm.name} has no option, so no replica can be deployed ({why})"
            fix = "profile it, widen setups, or lower min_replicas to 0"
            where = f"{spec.llm_place(llm.name)}.min_replicas"
            findings.scenario.append(
                Fault(str(scenario.path), where, str(llm.min_replicas), problem, fix)
            )
        else:
            findings.notices.append(f"{llm.name} has no option and cannot be deployed: {why}")
    for p, pool in enumerate(spec.pools):
        if not unsized and not any(option.pool == p for option in kept):
            why = (
                _unused_reasons([drop for drop in dropped if drop.pool == pool.name])
                or f"no row of {table.file} is of {pool.gpu}"
            )
            findings.notices.append(f"the pool {pool.name} has no option and stays empty: {why}")


def _note_unused_profiles(
    table: ProfileTable, what: str, known: Sequence[str], findings: InputFindings
) -> None:
    """A notice of profiles of LLMs or GPUs that the scenario does not name."""
    profiled = {option.llm if what == "LLMs" else option.gpu for option in table.options}
    unknown = sorted(profiled - set(known))
    if not unknown:
        return
    # A near name is most likely the same thing spelled otherwise; only names without profiles of
    # their own come into question.
    unprofiled = sorted(set(known) - profiled)
    guesses = {
        name: fault_spelling_guess(name, unprofiled).strip() for name in unknown[:SHOWN_NAMES]
    }
    listed = ", ".join(f"{name} ({guess})" if guess else name for name, guess in guesses.items())
    more = f" and {len(unknown) - SHOWN_NAMES} more" if len(unknown) > SHOWN_NAMES else ""
    findings.notices.append(
        f"{table.file}: ignored profiles of {what} that the scenario does not name: {listed}{more}"
    )


def _unused_reasons(drops: Sequence[Dropped]) -> str:
    """The reasons, each once with the number of its options, at most SHOWN_REASONS."""
    counts = Counter(drop.reason for drop in drops)
    reasons = [
        f"{count} option{'s' if count > 1 else ''}: {reason}" for reason, count in counts.items()
    ]
    left = len(reasons) - SHOWN_REASONS
    return "; ".join(reasons[:SHOWN_REASONS]) + (f"; and {left} more" if left > 0 else "")
