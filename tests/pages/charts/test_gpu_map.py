"""The GPU map: shards of one replica share a label, those of two do not."""

from collections import Counter

from app_pages.charts.gpu_map import FREE, build_gpu_map_chart
from app_pages.jobs.messages import PlanView
from tests.support.page.page_charts import rows_of


def test_shards_of_one_replica_look_the_same_and_those_of_two_do_not(view: PlanView) -> None:
    options = view.content["options"]
    replicas = {
        (o["llm"], o["pool"], o["tp_degree"], o["mps_share_pct"]): o["replicas"] for o in options
    }
    assert max(replicas.values()) > 1
    for pool in view.report["tables"]["pools"]["Pool"]:
        drawn = Counter(
            row["Long"]
            for row in rows_of(build_gpu_map_chart(view.report, pool))
            if row["LLM"] != FREE
        )
        expected: Counter[str] = Counter()
        for seat in view.content["placement"]:
            if seat["pool"] != pool:
                continue
            several = replicas[seat["llm"], pool, seat["tp_degree"], seat["mps_share_pct"]] > 1
            number = f" replica {seat['replica'] + 1}" if several else ""
            sign = view.report["meta"]["signs"][seat["llm"]]
            how = f"tp{seat['tp_degree']}, {seat['mps_share_pct']:g} %"
            expected[f"{sign} {seat['llm']}{number}, {how}"] += 1
        assert drawn == expected


def test_bands_fill_each_gpu_to_its_top(view: PlanView) -> None:
    """Free compute is drawn too, so the bands of a cell are as high as the cell."""
    pool = view.report["tables"]["pools"]["Pool"].iloc[0]
    heights: Counter[tuple[int, int]] = Counter()
    for row in rows_of(build_gpu_map_chart(view.report, pool)):
        heights[row["Node"], row["GPU"]] += round(1e6 * (row["bottom"] - row["top"]))
    assert set(heights.values()) == {920_000}
