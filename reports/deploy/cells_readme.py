"""The README of a deploy bundle of a plan over classes and cases: which setup serves which cases,
how to start it, how to go from one to the next, how the gateway chooses class, case and lane.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.cells_change import setup_script_name
from reports.deploy.compose import IMAGE
from reports.deploy.file_heads import file_head_lines, purpose_of
from reports.deploy.markdown import code_block, escape, markdown_table
from reports.deploy.readme_checks import (
    readme_check_assumed,
    readme_check_contexts,
    readme_check_left_out,
    readme_check_shared_fate,
    readme_check_troubles,
)
from reports.deploy.readme_cluster import CLUSTER_SECTIONS
from reports.deploy.readme_start import compose_path, readme_start_models, readme_start_scores

__all__ = ["cells_compose_path", "cells_readme"]

Row = Mapping[str, Any]


def cells_compose_path(label: str, deployment: Row, node: Row) -> str:
    """Name of a node's compose file in a setup."""
    plain = compose_path(deployment, node)
    return plain.replace("compose.", f"compose.{label}.", 1) if label else plain


def cells_readme(
    bundle: Row, kinds: Sequence[str], left_out: Mapping[str, Sequence[str]], files: Sequence[str]
) -> str:
    """The README. kinds: what the bundle holds; files: the other ones."""
    about = bundle["about"]
    purposes = [(f"`{name}`", purpose_of(name)) for name in files]
    first = bundle["setups"][0]["deployment"]
    sections = [
        [
            f"# Deployment of {escape(about['scenario'])}",
            "",
            *(f"> {escape(line)}  " for line in file_head_lines(about)),
        ],
        _planned_section(bundle),
        *(_setup_section(one) for one in bundle["setups"]),
        *(
            [_before_section(bundle), _start_section(bundle, kinds), _change_section(bundle, kinds)]
            if {"shell", "compose"} & set(kinds)
            else []
        ),
        *(section(bundle) for kind, section in CLUSTER_SECTIONS.items() if kind in kinds),
        _gateway_section(bundle) if "litellm" in kinds else [],
        _case_section(bundle) if {"litellm", "router"} & set(kinds) else [],
        _own_gateway_section() if "router" in kinds else [],
        readme_check_left_out(left_out),
        readme_check_troubles(first, kinds),
        *(readme_check_shared_fate(one["deployment"]) for one in bundle["setups"]),
        [
            *readme_check_assumed(first),
            *readme_check_contexts([one["deployment"] for one in bundle["setups"]]),
        ],
        ["## Files", "", *markdown_table(["file", "what it is for"], purposes)],
    ]  # fmt: skip
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _planned_section(bundle: Row) -> list[str]:
    """Cases, classes and limits."""
    policy, about = bundle["policy"], bundle["about"]
    setups = [
        (
            escape(case["case"]),
            f"{case['hours']:g}",
            *(f"{case['rates_rps'][name]:g}" for name in policy["classes"]),
            bundle["setups"][case["setup"]]["label"] or "the one",
        )
        for case in policy["cases"]
    ]
    heads = ["case", "hours", *(f"{escape(name)} (req/s)" for name in policy["classes"]), "setup"]
    return [
        "## What is planned",
        "",
        "SLOs, times the `slo_factor` of a case:"
        f" {'; '.join(map(escape, about['slo'])) or 'none'}.",
        *about["kept_free"],
        "",
        *markdown_table(heads, setups),
    ]


def _setup_section(setup: Row) -> list[str]:
    """The servers of one setup."""
    deployment = setup["deployment"]
    cases = ", ".join(escape(name) for name in setup["cases"])
    title = f"setup {setup['label']}" if setup["label"] else "the setup"
    rows = [
        (
            row["name"],
            escape(row["llm_name"]),
            node["label"],
            ", ".join(map(str, row["gpus"])),
            row["part"],
            row["port"],
            f"{row['utilization']:.3f}",
            f"{row['rate_rps']:.2f}",
        )
        for node in deployment["nodes"]
        for row in node["servers"]
    ]
    heads = ["server", "LLM", "node", "GPUs", "share of each", "port", "memory", "req/s at most"]
    return [
        f"## Servers of {title}",
        "",
        f"Serves {cases}. Req/s: the largest load of a replica in any of them, in requests of the"
        " profile. Memory is vLLM's `--gpu-memory-utilization`.",
        "",
        *markdown_table(heads, rows),
    ]


def _before_section(bundle: Row) -> list[str]:
    """What to do before anything starts."""
    nodes = [
        f"`{node['label']}` is a machine with {node['gpus_per_node']} x {escape(node['gpu'])}"
        for node in bundle["nodes"]
    ]
    unknown = [
        f"- **Set `{row['model_key']}`**: {escape(row['title'])} is in no catalogue."
        for row in bundle["llms"]
        if row["model_id"] is None
    ]
    return [
        "## 1. Before you start",
        "",
        *readme_start_scores(bundle["about"]),
        f"- Nodes: {'; '.join(nodes)}. Copy this folder to each.",
        readme_start_models(bundle["llms"]),
        "- Complete `deploy.env`: `VLLM_API_KEY`, and BIND_ADDRESS where the gateway runs on"
        " another machine. It is one file for all setups.",
        *unknown,
    ]


def _start_section(bundle: Row, kinds: Sequence[str]) -> list[str]:
    """How to start one setup."""
    lines = ["## 2. Start a setup", ""]
    if bundle["changes"]:
        lines += ["One of them runs at a time: that of the case that is served.", ""]
    for setup in bundle["setups"]:
        script = setup_script_name(setup["label"])
        nodes = setup["deployment"]["nodes"]
        if "shell" in kinds:
            lines += code_block(f"./{script} start {node['label']}" for node in nodes)
        if "compose" in kinds:
            commands: list[str] = []
            for node in nodes:
                commands.append(f"./{script} gpus {node['label']} >> deploy.env")
                if any(gpu["shared"] for gpu in node["gpus"]):
                    commands.append(f"./{script} mps-start {node['label']}")
                file = cells_compose_path(setup["label"], setup["deployment"], node)
                commands.append(
                    f"docker compose --env-file deploy.env -f {file} up -d --wait --remove-orphans"
                )
            lines += ["", f"Or with docker compose (image `{IMAGE}`):", "", *code_block(commands)]
        lines.append("")
    return [
        *lines,
        "Each line on its own machine. `check`, `status` and `stop` in place of `start` do what"
        " they say.",
    ]


def _change_section(bundle: Row, kinds: Sequence[str]) -> list[str]:
    """How to go from one setup to the next."""
    if not bundle["changes"]:
        return []
    rows = [
        (
            f"{row['before']} to {row['after']}",
            row["node"],
            ", ".join(row["stop"]) or "-",
            ", ".join(row["start"]) or "-",
            ", ".join(row["stay"]) or "-",
        )
        for row in bundle["changes"]
    ]
    lines = [
        "## 3. From one setup to the next",
        "",
        *markdown_table(["change", "node", "stop", "start", "stay"], rows),
        "",
        "`changes.csv` has the same list. Servers that stay are not touched: they have the same"
        " name, port and memory in both setups. While servers start, capacity is short: begin"
        " where load is low, and let the gateway change its case when the new servers answer.",
    ]
    if "shell" in kinds:
        pairs = dict.fromkeys((row["before"], row["after"]) for row in bundle["changes"])
        nodes = [row["node"] for row in bundle["changes"]]
        calls = [
            f"./change.sh {before} {after} {node}"
            for before, after in pairs
            for node in dict.fromkeys(nodes)
        ]
        lines += ["", "On each machine:", "", *code_block(calls)]
    if "compose" in kinds:
        lines += [
            "",
            "With docker compose: `up` with the file of the next setup. Its project has the same"
            " name, so `--remove-orphans` stops what goes and leaves what stays. Where shared GPUs"
            " change, stop the shared servers and MPS first (`mps-stop`, then `mps-start`).",
        ]
    return lines


def _gateway_section(bundle: Row) -> list[str]:
    """LiteLLM."""
    commands = [
        "pip install 'litellm[proxy]' numpy",
        "set -a; . ./gateway.env; set +a",
        "PYTHONPATH=. litellm --config config.yaml --port 4000",
    ]
    outside = [
        f"- {escape(one['title'])} is outside the cluster: set `API_BASE_{one['key']}` and"
        f" `API_KEY_{one['key']}` in `gateway.env`, and its model id in `config.yaml`"
        f" (`openai/{one['label']}` there).{_outside_limit(one)}"
        for one in bundle["outside"]
    ]
    groups = [
        (
            f"`{group['name']}`",
            escape(group["class"]),
            escape(group["llm"]),
            ", ".join(group["servers"]) or "outside",
        )
        for group in bundle["groups"]
    ]
    return [
        "## 4. Start the gateway (LiteLLM)",
        "",
        "Set addresses and the gateway's key in `gateway.env` first.",
        "",
        *code_block(commands),
        "",
        *outside,
        "- Clients use the model `fleet`. `cell_price_plugin.py` gives a request the group of a"
        " lane; inside a group requests are spread equally. When no server of it answers, the other"
        " servers of the LLM do, then other LLMs that the class may use: what the plan promises"
        " does not hold then.",
        "- Scores: `SCORES_TABLES=class=file,...` or `SCORE_PREDICTOR=module:attribute`; without"
        " them requests go to the planned fractions, at random.",
        "",
        *markdown_table(["group", "class", "LLM", "servers"], groups),
    ]


def _outside_limit(outside: Row) -> str:
    """What is planned for an LLM outside at most; "" where nothing limits it."""
    if outside["max_rate"] is None:
        return ""
    return f" At most {outside['max_rate']:g} req/s are planned; the gateway does not count them."


def _case_section(bundle: Row) -> list[str]:
    """Class and case."""
    policy = bundle["policy"]
    classes = ", ".join(map(escape, policy["classes"]))
    losses = [
        (
            f"`{escape(loss['case'])} {k}`",
            "; ".join(f"{p} {', '.join(map(str, n))}" for p, n in loss["nodes"].items()),
        )
        for k, loss in enumerate(policy["losses"])
    ]
    lines = [
        "## 5. Class and case",
        "",
        f"**Class**: {classes}. The header `x-request-class` names it, or"
        " `metadata.request_class` of the key or the request; without a name it is"
        f" {escape(policy['default_class'])}. A key's name counts before the header's, so a client"
        " with such a key cannot choose another class.",
        "",
        "**Case**: `clock.csv` says which is served from when on (complete it: a plan does not know"
        " the time); `PLAN_CASE` where there is no clock. A file `case.now` with the name of a case"
        " overrides both. A gateway of your own may also ask `CellRouter.at_rates`.",
    ]
    if losses:
        lines += [
            "",
            "When nodes are lost, write this into `case.now`, and delete it when they are back:",
            "",
            *markdown_table(["case.now", "lost nodes"], losses),
        ]
    return lines


def _own_gateway_section() -> list[str]:
    """The router for other gateways."""
    return [
        "## Or: your own gateway",
        "",
        *(
            "`router_policy.json` holds prices and lanes; `router.py` (needs only numpy) reads it:",
            "",
        ),
        "```python",
        "from router import CellRouter",
        "",
        'router = CellRouter.load("router_policy.json")',
        "router.use(case)                                        # or router.use(case, loss)",
        "choice = router.choose(scores, prompt_id, request_class)  # choice.llm, choice.lane",
        "```",
    ]
