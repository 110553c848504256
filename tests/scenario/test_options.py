"""Options in SI units; those that are dropped say why."""

from pathlib import Path

from planner.scenario.assemble import assemble_instance
from tests.support.scenarios.scenario_case import fault_lines


def test_one_point_option_and_no_slo(case: Path) -> None:
    assert assemble_instance(case / "scenario.yaml", ["slo=[]"]).instance.slos == ()


def test_dropped_options_say_why_with_numbers(case: Path) -> None:
    def reasons(*overrides: str) -> dict[tuple[str, int], str]:
        return {
            (d.llm, d.tp_degree): d.reason
            for d in assemble_instance(case / "scenario.yaml", overrides).instance.dropped
        }

    assert reasons() == {}
    assert reasons("setups.tp_degrees=[1]") == {("NO", 2): "2 is not among setups.tp_degrees"}
    assert reasons("setups.mps_shares_pct=[100]") == {
        ("NO", 1): "50 is not among setups.mps_shares_pct"
    }
    assert reasons("pools.0.gpus_per_node=1") == {
        ("NO", 2): "needs 2 GPUs in one node, but a node of a has 1"
    }
    assert reasons("pools.0.memory_gib=20") == {
        ("NA", 1): "needs 22 GiB on each GPU, but 18 of 20 GiB may be filled (memory_headroom_pct)"
    }
    assert reasons("slo.0.statistic=p95", "slo.0.scope=each_llm") == {
        ("NO", 2): "no p95 TTFT, which an SLO limits"
    }
    assert reasons("slo.0.statistic=p90") == {
        ("NO", 2): "no percentile of TTFT, whose p90 an SLO limits"
    }


def test_a_single_percentile_drops_the_option_where_it_cannot_keep_the_promise(case: Path) -> None:
    """NA has p50 and p95, NO has p50 alone, which leaves half of its requests late."""
    rows = [row.split(",") for row in (case / "profiles.csv").read_text().splitlines()]
    for row in rows:
        row.insert(6, "ttft_p50_ms" if row[0] == "llm" else "70")
        if row[0] == "NO":
            row[7] = ""
    (case / "profiles.csv").write_text("\n".join(",".join(row) for row in rows))

    def reasons(statistic: str) -> set[tuple[str, str]]:
        loaded = assemble_instance(case / "scenario.yaml", [f"slo.0.statistic={statistic}"])
        return {(drop.llm, drop.reason) for drop in loaded.instance.dropped}

    assert reasons("p50") == set()
    late = "by p50 alone 50 % of the requests count as late at any limit"
    for wanted, allowed in (("p90", 10), ("p99", 1)):
        alone = f"no {wanted} TTFT, which an SLO limits: {late}"
        assert reasons(wanted) == {("NO", f"{alone}, and {wanted} allows {allowed} %")}


def test_a_promise_that_no_option_can_keep_is_a_fault(case: Path) -> None:
    line = fault_lines(case, "slo.0.statistic=p99")
    assert (
        "no option can be judged by it: no p99 TTFT, which an SLO limits: by p95 alone 5 %" in line
    )
