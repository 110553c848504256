"""A run -> a point of a curve, or the reason why it is not one.

Nothing is substituted: what is doubtful is left out and noted.

left out    refused by its reader; no request answered; errors above 1 %; no achieved rate; all
            requests sent at once, or answered faster than 1.5 of the offered rate (bursts);
            answered below 0.95 of the offered rate over the time in which requests were sent
            (saturated: not a steady state); fewer than 5 requests; no latency
counted     a rate that the file does not state: requests over the time in which they were sent
blanked     pNN resting on fewer than 10 requests above it (p50 20, p90 100, p95 200, p99 1,000
            requests); percentiles out of order; TPOT that contradicts (E2E - TTFT) / (output tokens
            - 1) by a factor above 1.67 (tools that count chunks, not tokens)
divided     rate and concurrency by the replicas that answered together
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from profiles.importers.formats.record import Run
from profiles.records import METRICS, STATISTICS, Column

__all__ = [
    "ERRORS_ALLOWED",
    "FEWEST",
    "SATURATED",
    "Verdict",
    "judge_by_rules",
    "merged_latency_by_rules",
]

ERRORS_ALLOWED = 0.01
SATURATED = 0.95
FEWEST = 5
FEW = 30
NEEDED = {"p50": 20, "p90": 100, "p95": 200, "p99": 1000}
"""Requests that leave 10 above the percentile (p50: 10 on either side)."""
TPOT_FACTOR = 5 / 3
LITTLE_FACTOR = 3.0
FASTER_THAN_OFFERED, BURST = 1.1, 1.5
LEAST = 1e-5
"""req/s of one replica, or ms: a table is written to six decimals, and less is no measurement."""


@dataclass(frozen=True)
class Verdict:
    """run: the point, rates of one replica, doubtful columns gone (None: left out); reason: why
    left out; notices: sentences about it.

    burst: of a run left out because all requests were sent at once, the run with rates of one
    replica: its rate is what the replica answers when requests never fail to wait.
    """

    run: Run | None
    reason: str
    notices: tuple[str, ...]
    burst: Run | None = None


def judge_by_rules(run: Run) -> Verdict:
    """Decide whether a run is a point of a curve, and clean it."""
    notices = list(run.notices)
    run = _rate_by_rules(run, notices)
    reason = run.refused or _rule_broken(run)
    if not reason and _is_burst(run):
        reason = (
            "a burst: all requests were sent at once, so its latencies are of no steady rate; its"
            f" {run.achieved_rps:.4g} req/s bound what the replicas can answer"
        )
        return Verdict(None, reason, tuple(notices), _rule_of_one_replica(run, []))
    if reason:
        return Verdict(None, reason, tuple(notices))
    latency = {
        column: value for column, value in run.latency_ms.items() if LEAST <= value < math.inf
    }
    latency = _supported_by_rules(latency, run.ok, notices)
    latency = _ordered_by_rules(latency, notices)
    latency = _consistent_by_rules(latency, run, notices)
    if not latency:
        return Verdict(None, "no latency that could be used is in it", tuple(notices))
    if not any((metric, "mean") in latency for metric in METRICS):
        notices.append(
            "it states no mean latency: a plan can use the point for percentile SLOs alone"
        )
    _note_load_rule(run, notices)
    return Verdict(
        _rule_of_one_replica(replace(run, latency_ms=latency), notices), "", tuple(notices)
    )


def _rate_by_rules(run: Run, notices: list[str]) -> Run:
    """The run with its rate counted over the time in which requests were sent, where the file has
    none or where the answers to the last requests alone make it look saturated.

    With n requests over D seconds from the first one sent to the last one answered, answering
    takes A = mean(E2E - TTFT) without queueing; requests were sent for W = D - A seconds. A queue
    that grows evenly has grown to twice the mean TTFT at the end, which is a part 2 TTFT / W of the
    requests: they are taken off before the rate is compared with the offered one.
    """
    stated, offered, duration = run.achieved_rps, run.offered_rps, run.duration_s
    if duration is None:
        return run
    answering = min(_answering_time(run) or 0.0, 0.5 * duration)
    if stated is None and run.ok:
        rate = run.ok / (duration - answering)
        notices.append(
            f"the file states no rate: {run.ok:,.0f} requests in {duration - answering:,.4g} s are"
            f" {rate:.4g} req/s"
        )
        return replace(run, achieved_rps=rate)
    if stated is None or offered is None or not stated < SATURATED * offered < math.inf:
        return run
    ttft = run.latency_ms.get(("ttft", "mean"))
    if ttft is None:
        return run
    sent = stated * duration / (duration - answering)
    queued = 2.0 * ttft / 1e3 / (duration - answering)
    if sent * (1.0 - queued) < SATURATED * offered:
        return run
    notices.append(
        f"its rate is counted over the {duration - answering:,.4g} s in which requests were sent;"
        f" the last answers took {answering:,.3g} s more"
    )
    return replace(run, achieved_rps=min(sent, offered))


def _answering_time(run: Run) -> float | None:
    """Mean seconds from the first token to the last; None where the file does not say."""
    ttft, tpot, e2e = (run.latency_ms.get((metric, "mean")) for metric in METRICS)
    if ttft is not None and e2e is not None:
        return max(e2e - ttft, 0.0) / 1e3
    if tpot is not None and run.output_tokens is not None:
        return tpot * max(run.output_tokens - 1.0, 0.0) / 1e3
    return None


def _rule_broken(run: Run) -> str:
    """Why a run is no load point, "" when it may be one."""
    if run.ok is not None and run.ok <= 0:
        return "no request was answered"
    if run.errors and run.ok is not None and run.errors > ERRORS_ALLOWED * (run.ok + run.errors):
        share = 100 * run.errors / (run.ok + run.errors)
        return (
            f"{run.errors:,.0f} of {run.ok + run.errors:,.0f} requests failed ({share:.1f} %, more"
            f" than {100 * ERRORS_ALLOWED:g} %)"
        )
    if run.achieved_rps is None or not LEAST * run.replicas <= run.achieved_rps < math.inf:
        return "the file does not state the achieved request rate"
    if (
        run.offered_rps is not None
        and math.isfinite(run.offered_rps)
        and run.achieved_rps < SATURATED * run.offered_rps
    ):
        part = 100 * run.achieved_rps / run.offered_rps
        return (
            f"saturated: {run.achieved_rps:.4g} of {run.offered_rps:.4g} req/s offered were"
            f" answered ({part:.1f} %, less than {100 * SATURATED:g} %, also without the time of"
            " the last answers), so the queue grew as long as the run went on"
        )
    if run.offered_rps is not None and run.achieved_rps > BURST * run.offered_rps:
        return (
            f"a burst, not a load of {run.offered_rps:.4g} req/s: {run.achieved_rps:.4g} req/s were"
            " answered, so the run is too short"
        )
    if run.ok is not None and run.ok < FEWEST:
        return f"{run.ok:,.0f} requests are too few to say anything (fewer than {FEWEST})"
    return ""


def _is_burst(run: Run) -> bool:
    """Nothing limited how many requests were sent at once."""
    return run.offered_rps == math.inf and run.max_concurrency is None


def _supported_by_rules(
    latency: dict[Column, float], ok: float | None, notices: list[str]
) -> dict[Column, float]:
    """Drop percentiles that rest on too few requests."""
    if ok is None:
        notices.append(
            "the number of requests is not stated, so nothing says how far its percentiles can be"
            " trusted"
        )
        return latency
    gone = sorted({statistic for _, statistic in latency if ok < NEEDED.get(statistic, 0)})
    if gone:
        need = ", ".join(f"{statistic} {NEEDED[statistic]:,}" for statistic in gone)
        notices.append(
            f"{ok:,.0f} requests are too few for {', '.join(gone)} (it takes {need}), so these"
            " columns stay empty"
        )
    elif ok < FEW:
        notices.append(f"the means rest on {ok:,.0f} requests")
    return {column: value for column, value in latency.items() if column[1] not in gone}


def _ordered_by_rules(latency: dict[Column, float], notices: list[str]) -> dict[Column, float]:
    """Drop all percentiles of a metric that do not rise."""
    for metric in METRICS:
        there = [
            latency[metric, statistic]
            for statistic in STATISTICS[1:]
            if (metric, statistic) in latency
        ]
        if there != sorted(there):
            notices.append(
                f"the percentiles of {metric} do not rise from p50 to p99 and were left out"
            )
            latency = {
                column: value
                for column, value in latency.items()
                if column[0] != metric or column[1] == "mean"
            }
    return latency


def _consistent_by_rules(
    latency: dict[Column, float], run: Run, notices: list[str]
) -> dict[Column, float]:
    """Drop TPOT when it contradicts E2E = TTFT + (output tokens - 1) * TPOT."""
    ttft, tpot, e2e = (latency.get((metric, "mean")) for metric in METRICS)
    if ttft is None or e2e is None or run.output_tokens is None or run.output_tokens < 2:
        return latency
    if e2e < ttft:
        notices.append(
            f"end to end ({e2e:,.4g} ms) is shorter than the time to the first token"
            f" ({ttft:,.4g} ms)"
        )
        return latency
    implied = (e2e - ttft) / (run.output_tokens - 1)
    if tpot is None or implied <= 0 or 1 / TPOT_FACTOR <= tpot / implied <= TPOT_FACTOR:
        return latency
    notices.append(
        f"its time per output token ({tpot:.4g} ms) contradicts its end-to-end time, time to first"
        f" token and {run.output_tokens:.4g} output tokens (from which {implied:.4g} ms follow), so"
        " TPOT stays empty; tools that count chunks instead of tokens err like this"
    )
    return {column: value for column, value in latency.items() if column[0] != "tpot"}


def _note_load_rule(run: Run, notices: list[str]) -> None:
    """What the load was, where that limits what the point says."""
    rate, e2e = run.achieved_rps, run.latency_ms.get(("e2e", "mean"))
    if (
        rate
        and run.offered_rps
        and math.isfinite(run.offered_rps)
        and rate > FASTER_THAN_OFFERED * run.offered_rps
    ):
        notices.append(
            f"{rate:.4g} req/s were achieved where {run.offered_rps:.4g} were offered: the run is"
            " too short"
        )
    if (
        rate
        and e2e
        and run.concurrency
        and not 1 / LITTLE_FACTOR < rate * e2e / 1e3 / run.concurrency < LITTLE_FACTOR
    ):
        notices.append(
            f"rate times end-to-end time is {rate * e2e / 1e3:.3g}, but {run.concurrency:.3g}"
            " requests were under way (Little's law): check the units"
        )
    elif (
        rate
        and e2e
        and run.max_concurrency
        and rate * e2e / 1e3 > LITTLE_FACTOR * run.max_concurrency
    ):
        notices.append(
            f"rate times end-to-end time is {rate * e2e / 1e3:.3g}, but at most"
            f" {run.max_concurrency:.3g} requests were allowed at once (Little's law): check the"
            " units"
        )


def _rule_of_one_replica(run: Run, notices: list[str]) -> Run:
    """Rates and concurrency of one replica; concurrency by Little's law where only E2E is known
    stays unstated.
    """
    if run.replicas == 1:
        return run
    notices.append(f"rate and concurrency were divided by {run.replicas} replicas")

    def one(value: float | None) -> float | None:
        return None if value is None else value / run.replicas

    return replace(
        run,
        offered_rps=one(run.offered_rps),
        achieved_rps=one(run.achieved_rps),
        concurrency=one(run.concurrency),
        max_concurrency=one(run.max_concurrency),
        replicas=1,
    )


def merged_latency_by_rules(
    parts: list[tuple[Mapping[Column, float], float]],
) -> dict[Column, float]:
    """Mean of every column that all parts have, weighted. parts: (latency in ms, weight > 0)."""
    shared = set.intersection(*(set(latency) for latency, _ in parts))
    total = sum(weight for _, weight in parts)
    return {
        column: sum(latency[column] * weight for latency, weight in parts) / total
        for column in sorted(shared)
    }
