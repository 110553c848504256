"""The setups of a plan over cells as servers on machines: one deployment each
(`planner.export.deployment`), in which a server that several setups run has one name and one port.

A server is the same in two setups when its LLM, pool, node, GPUs, degree and share are; it stays
while the one gives way to the other where its memory settings are the same too.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from models.demand.requests import DemandInstance
from planner.export.deployment import build_deployment
from planner.export.deployment_names import deployment_labels, one_line
from planner.operation.cells.cell_policy import cells_policy_plan_hash
from planner.plans.cells.setup_as_plan import setup_as_plan
from planner.plans.labels import slo_label
from planner.plans.option_index import option_slice_words
from planner.plans.schema import PlanContent

__all__ = ["SetupDeployment", "build_setup_deployments", "case_period"]

Content = Mapping[str, Any]
Row = dict[str, Any]
Identity = tuple[Any, ...]
"""LLM, degree, share, pool, node, GPUs."""
LABEL = 24
"""Most characters of a setup's label."""
FIRST_PORT = 8001
OWN_LIMITS = 10
"""Priority of a class with limits of its own; a plan knows none, so it is to be reviewed."""
PERIOD = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
"""Names of cases that state when they are, as `demand import --by period` makes them."""
DAY = 24 * 60


@dataclass(frozen=True, kw_only=True)
class SetupDeployment:
    """label: of files, "" where the plan has one setup; cases: names; deployment: rows as
    `build_deployment` says; server_of: (position in options, replica) -> its server's name.
    """

    label: str
    cases: tuple[str, ...]
    deployment: Row
    server_of: Mapping[tuple[int, int], str]


def build_setup_deployments(
    content: Content, demand: DemandInstance, on: date
) -> list[SetupDeployment]:
    """Every setup, in the plan's order."""
    firsts = [setup["cases"][0] for setup in content["setups"]]
    labels = deployment_labels(firsts, LABEL)
    pools = {pool.name: p for p, pool in enumerate(demand.instance.pools)}
    made = []
    for k, setup in enumerate(content["setups"]):
        plain = cast("PlanContent", setup_as_plan(content, k))
        deployment = build_deployment(plain, demand.instance, on)
        about = deployment["about"]
        about |= {"plan_hash": cells_policy_plan_hash(content), "slo": _slo_words(demand)}
        deployment |= {"classes": _class_rows(demand), "periods": _setup_periods(setup["cases"])}
        label = "" if len(firsts) == 1 else labels[firsts[k]]
        made.append((label, tuple(setup["cases"]), deployment, _server_keys(setup, pools)))
    _name_servers([deployment for _, _, deployment, _ in made])
    return [
        SetupDeployment(
            label=label,
            cases=cases,
            deployment=deployment,
            server_of=_servers_of_replicas(deployment, keys),
        )
        for label, cases, deployment, keys in made
    ]


def case_period(name: str) -> tuple[int, int] | None:
    """(start, end) of a case, minutes of the day, where its name says when it is."""
    found = PERIOD.fullmatch(name)
    if found is None:
        return None
    hours, minutes, end_hours, end_minutes = map(int, found.groups())
    return 60 * hours + minutes, (60 * end_hours + end_minutes) % DAY


def _slo_words(demand: DemandInstance) -> list[str]:
    """Every SLO with whose it is."""
    own = [(entry.name, slo) for entry in demand.classes for slo in entry.slos]
    everyone = [("all requests", slo) for slo in demand.instance.slos]
    return [
        f"{slo_label(slo.metric, slo.statistic, slo.scope)} of {whose} <= {1000 * slo.limit:g} ms"
        for whose, slo in (*own, *everyone)
    ]


def _class_rows(demand: DemandInstance) -> list[Row]:
    """Every class; those with limits of their own come first where requests wait."""
    labels = deployment_labels((entry.name for entry in demand.classes), LABEL)
    return [
        {
            "name": one_line(entry.name),
            "label": labels[entry.name],
            "priority": OWN_LIMITS if entry.slos else 0,
        }
        for entry in demand.classes
    ]


def _setup_periods(cases: Sequence[str]) -> list[tuple[int, int]]:
    """(start, end), minutes of the day, of the cases whose names say when they are."""
    periods = (case_period(name) for name in cases)
    return [period for period in periods if period is not None]


def _server_keys(setup: Content, pools: Mapping[str, int]) -> dict[tuple[int, int], Identity]:
    """(position in options, replica) -> what its server is. pools: positions by name."""
    shards: dict[tuple[int, int], list[Content]] = {}
    for shard in setup["placement"]:
        shards.setdefault((shard["option"], shard["replica"]), []).append(shard)
    keys = {}
    for (option, replica), own in shards.items():
        entry = setup["options"][option]
        gpus = tuple(one["gpu"] for one in sorted(own, key=lambda one: one["shard"]))
        keys[option, replica] = (
            *(entry["llm"], entry["tp_degree"], option_slice_words(entry)),
            *(pools[own[0]["pool"]], own[0]["node"], gpus),
        )
    return keys


def _identity(row: Row) -> Identity:
    """What a server is, whatever it is called."""
    return (
        *(row["llm_name"], row["tp_degree"], row["part"]),
        *(row["pool_at"], row["node_at"], row["gpus"]),
    )


def _rows_in_order(deployment: Row) -> list[Row]:
    """The servers of a setup, LLM by LLM."""
    rows = {row["name"]: row for node in deployment["nodes"] for row in node["servers"]}
    return [rows[name] for llm in deployment["llms"] for name in llm["servers"]]


def _name_servers(deployments: Sequence[Row]) -> None:
    """Give every server its name and port in all setups: rows are changed in place.

    Of one setup names and ports stay as they are. Replicas of one option on the same GPUs are told
    apart by their order.
    """
    names: dict[tuple[Identity, int], str] = {}
    ports: dict[tuple[Identity, int], int] = {}
    count: Counter[str] = Counter()
    busy: Counter[str] = Counter()
    for deployment in deployments:
        seen: Counter[Identity] = Counter()
        keys, renamed = {}, {}
        for row in _rows_in_order(deployment):
            key = _identity(row), seen[_identity(row)]
            seen[_identity(row)] += 1
            if key not in names:
                names[key] = f"{row['llm']}-{count[row['llm']]}"
                count[row["llm"]] += 1
            keys[row["name"]], renamed[row["name"]] = key, names[key]
        for node in deployment["nodes"]:
            for row in node["servers"]:
                key = keys[row["name"]]
                if key not in ports:
                    ports[key] = FIRST_PORT + busy[node["label"]]
                    busy[node["label"]] += 1
                row["port"] = ports[key]
        _rename_servers(deployment, renamed)


def _rename_servers(deployment: Row, renamed: Mapping[str, str]) -> None:
    """Every mention of a server by its new name."""
    for node in deployment["nodes"]:
        for row in node["servers"]:
            row["name"] = renamed[row["name"]]
            row["after"] = [renamed[name] for name in row["after"]]
        for gpu in node["gpus"]:
            gpu["servers"] = [renamed[name] for name in gpu["servers"]]
    for llm in deployment["llms"]:
        llm["servers"] = [renamed[name] for name in llm["servers"]]


def _servers_of_replicas(
    deployment: Row, keys: Mapping[tuple[int, int], Identity]
) -> dict[tuple[int, int], str]:
    """(position in options, replica) -> name; replicas alike on the same GPUs in their order."""
    waiting: dict[Identity, list[str]] = {}
    for row in _rows_in_order(deployment):
        waiting.setdefault(_identity(row), []).append(row["name"])
    return {replica: waiting[key].pop(0) for replica, key in sorted(keys.items())}
