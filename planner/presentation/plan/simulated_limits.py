"""What was simulated beside a plan of the SLOs that it nearly uses up, in words."""

from planner.plans.labels import slo_name
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_exact, format_number, format_stated_rate

__all__ = ["missed_limit_texts", "simulated_limit_lines", "simulated_limit_text"]

MEANING = {
    "holds": "holds",
    "uncertain": "the limit is within the interval",
    "misses": "above the limit",
}


def simulated_limit_text(content: PlanContent, at: int) -> str:
    """The ends of the interval of one SLO, e.g. `149.1 to 155.0 ms`; "" where there is none.

    at: position of the SLO.
    """
    one = content["context"].get("simulated", {}).get("slo", [])
    interval = one[at] if one else None
    if interval is None:
        return ""
    high = interval["high_ms"]
    upper = "more" if high is None else f"{format_number(high)} ms"
    return f"{format_number(interval['low_ms'])} to {upper}"


def simulated_limit_lines(content: PlanContent) -> list[str]:
    """Say what was simulated and how, in one sentence; nothing where no limit is near."""
    simulated = content["context"].get("simulated")
    if simulated is None:
        return []
    if "skipped" in simulated:
        return [f"Not simulated beside the plan: {simulated['skipped']}; `simulate` does it."]
    parts = [
        f"{slo_name(slo)} {simulated_limit_text(content, at)}"
        f" (limit {format_exact(slo['limit_ms'])} ms): {MEANING[interval['verdict']]}"
        for at, (slo, interval) in enumerate(zip(content["slo"], simulated["slo"], strict=True))
        if interval is not None
    ]
    if not parts:
        return []
    runs = f"{simulated['runs']} runs of {simulated['seconds_per_run']:.0f} s"
    rate = format_stated_rate(content)
    arrivals = f"Poisson arrivals at {rate}, as stated" if rate else "Poisson arrivals"
    return [
        f"Simulated with {arrivals} ({runs}, 95 % interval): {'; '.join(parts)}."
        f"{''.join(_unsimulated_texts(content))}"
    ]


def _unsimulated_texts(content: PlanContent) -> list[str]:
    """Why an SLO has no interval beside others that have one: what blank cells are to say."""
    intervals = content["context"].get("simulated", {}).get("slo", [])
    names = [
        slo_name(slo)
        for slo, one in zip(content["slo"], intervals, strict=False)
        if one is None and any(intervals)
    ]
    if not names:
        return []
    why = "no mean of its metric is profiled, or an older planner made the plan"
    return [f" Not simulated: {', '.join(names)} ({why})."]


def missed_limit_texts(content: PlanContent) -> list[str]:
    """Render each SLO whose whole simulated interval is above its limit, although the curves keep
    it: `p95 TTFT of each LLM 719.6 to 10,999 ms (limit 500)`.
    """
    intervals = content["context"].get("simulated", {}).get("slo", [])
    return [
        f"{slo_name(slo)} {simulated_limit_text(content, at)}"
        f" (limit {format_exact(slo['limit_ms'])})"
        for at, (slo, one) in enumerate(zip(content["slo"], intervals, strict=False))
        if one is not None and one["verdict"] == "misses"
    ]
