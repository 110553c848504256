"""The setups of a plan over cells and what runs on them, as tables with units in their headers.

setup_results_table   one row an option of every setup
lane_results_table    one row a lane of every case and loss
setup_map_tables      by setup one row a shard, as maps of GPUs read it
setup_pools_table     one row a pool of every setup: GPUs used and prices
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from planner.plans.labels import latency_header
from planner.plans.option_index import option_compute_pct, with_option_profiles
from planner.plans.tables import with_mig_slots
from planner.presentation.cells.case_results import case_rate_header, setup_options_of_case
from planner.presentation.cells.lost_nodes import lost_nodes_text
from planner.presentation.cells.schedule import setup_name

__all__ = [
    "MAP_HEADS",
    "SERVES",
    "lane_results_table",
    "setup_map_tables",
    "setup_pools_table",
    "setup_results_table",
]

Content = Mapping[str, Any]

SERVES = "Serves"
"""Header of the case that a setup is for and those that test it; left out where one serves all."""
MAP_HEADS = (
    "Pool",
    "Node",
    "GPU",
    "LLM",
    "TP degree (GPUs)",
    "MPS share (%)",
    "Memory (GiB)",
    "Replica",
    "Shard",
)


def setup_results_table(content: Content) -> pd.DataFrame:
    """One row an option: how many replicas, and the highest load of one in any case."""
    rows = []
    for setup in content["setups"]:
        loads = _largest_loads(content, setup)
        for k, option in enumerate(setup["options"]):
            most = option["max_rate_per_replica_rps"]
            rows.append(
                {
                    SERVES: setup_name(setup),
                    **_option_columns(option),
                    "GPU": option["gpu"],
                    "Replicas": option["replicas"],
                    "Highest load in any case (req/s)": loads.get(k, 0.0),
                    "Highest rate per replica (req/s)": most,
                    "Utilisation (%)": 100.0 * loads.get(k, 0.0) / most if most > 0 else 100.0,
                    "Memory (GiB per GPU)": option["memory_gib_per_gpu"],
                    "Provenance": option["provenance"],
                }
            )
    frame = pd.DataFrame(rows, dtype=object)
    options = [option for setup in content["setups"] for option in setup["options"]]
    return _without_one_setup(with_option_profiles(frame, options), content)


def _option_columns(option: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "LLM": option["llm"],
        "Pool": option["pool"],
        "TP degree (GPUs)": option["tp_degree"],
        "MPS share (%)": option_compute_pct(option),
    }


def _largest_loads(content: Content, setup: Mapping[str, Any]) -> dict[int, float]:
    """Position of an option of a setup -> the largest load of a lane, req/s of the profile."""
    loads: dict[int, float] = {}
    for lane in content["lanes"]:
        if lane["case"] in setup["cases"]:
            loads[lane["option"]] = max(loads.get(lane["option"], 0.0), lane["load_rps"])
    return loads


def _without_one_setup(frame: pd.DataFrame, content: Content) -> pd.DataFrame:
    """Which cases a setup serves is told only where there are several."""
    if len(content["setups"]) < 2 and SERVES in frame.columns:
        return frame.drop(columns=SERVES)
    return frame


def lane_results_table(content: Content) -> pd.DataFrame:
    """One row a lane: rates by class, load, and the latencies that an SLO limits; of classes with
    curves of their own also those.
    """
    classes = list(dict.fromkeys(cell["class"] for cell in content["cells"]))
    columns = _limited_columns(content)
    own = list(
        dict.fromkeys(
            name for lane in content["lanes"] for name in lane.get("class_latency_ms", {})
        )
    )
    rows = []
    for lane in content["lanes"]:
        option = setup_options_of_case(content, lane["case"])[lane["option"]]
        loss, most = lane["loss"], option["max_rate_per_replica_rps"]
        nodes = {} if loss is None else content["losses"][loss]["nodes"]
        row: dict[str, Any] = {
            "Case": lane["case"],
            "Lost nodes": lost_nodes_text(nodes),
            **_option_columns(option),
            "Replicas": lane["replicas"],
            **{case_rate_header(name): lane["rates"].get(name) for name in classes},
            "Load of a replica (req/s)": lane["load_rps"],
            "Utilisation (%)": 100.0 * lane["load_rps"] / most if most > 0 else 100.0,
        }
        row |= {latency_header(column): lane["latency_ms"].get(column) for column in columns}
        for name in own:
            latencies = lane.get("class_latency_ms", {}).get(name, {})
            row |= {
                latency_header(column).replace(" (", f" of {name} ("): latencies.get(column)
                for column in columns
            }
        rows.append(row)
    frame = pd.DataFrame(rows, dtype=object)
    lanes = [(lane["case"], lane["option"]) for lane in content["lanes"]]
    frame = with_option_profiles(
        frame, [setup_options_of_case(content, case)[option] for case, option in lanes]
    )
    return frame if content["losses"] or not rows else frame.drop(columns="Lost nodes")


def _limited_columns(content: Content) -> list[str]:
    """Latency columns that SLOs limit, in the order of the plan."""
    entries = [*content["cases"], *content["cells"]]
    return list(
        dict.fromkeys(
            f"{slo['metric']}_{slo['statistic']}" for one in entries for slo in one["slo"]
        )
    )


def setup_map_tables(content: Content) -> list[tuple[str, pd.DataFrame]]:
    """By setup its cases and one row a shard, sorted by pool, node and GPU."""
    order = {pool["name"]: k for k, pool in enumerate(content["context"]["pools"])}
    maps = []
    for setup in content["setups"]:
        shards = sorted(
            setup["placement"], key=lambda s: (order[s["pool"]], s["node"], s["gpu"], s["option"])
        )
        rows = [_shard_row(shard, setup["options"]) for shard in shards]
        frame = pd.DataFrame(rows, columns=list(MAP_HEADS))
        # Shards have the profile of their option.
        named = [{**setup["options"][shard["option"]], **shard} for shard in shards]
        maps.append((setup_name(setup), with_mig_slots(frame, named, content["context"]["pools"])))
    return maps


def _shard_row(shard: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    option = options[shard["option"]]
    return (
        shard["pool"],
        shard["node"],
        shard["gpu"],
        option["llm"],
        option["tp_degree"],
        option_compute_pct(option),
        option["memory_gib_per_gpu"],
        shard["replica"],
        shard["shard"],
    )


def setup_pools_table(content: Content) -> pd.DataFrame:
    """One row a pool of every setup; of a plan that has none a row a pool."""
    kept = content["context"]["filters"]["memory_headroom_pct"]
    rows = []
    for setup in content["setups"] or [{"cases": [""], "placement": []}]:
        used = {(s["pool"], s["node"], s["gpu"]) for s in setup["placement"]}
        for pool in content["context"]["pools"]:
            count = sum(name == pool["name"] for name, _, _ in used)
            total = pool["nodes"] * pool["gpus_per_node"]
            rows.append(
                {
                    SERVES: setup_name(setup),
                    "Pool": pool["name"],
                    "GPU": pool["gpu"],
                    "Nodes": pool["nodes"],
                    "GPUs per node": pool["gpus_per_node"],
                    "GPUs in the pool": total,
                    "GPUs used": count,
                    "GPUs idle": total - count,
                    "Memory (GiB per GPU)": pool["memory_gib"],
                    "Usable memory (GiB per GPU)": pool["memory_gib"] * (1.0 - kept / 100.0),
                    "Price (USD per GPU and h)": pool["price_usd_per_gpu_h"],
                }
            )
    return _without_one_setup(pd.DataFrame(rows, dtype=object), content)
