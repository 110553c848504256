"""How to start the servers of a deploy bundle: on the machines, with docker compose; and what to
replace before.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.compose import IMAGE
from reports.deploy.markdown import code_block, escape, node_servers
from reports.deploy.vllm_server import MPS_DIRECTORY

__all__ = [
    "compose_path",
    "readme_start_compose",
    "readme_start_machines",
    "readme_start_models",
    "readme_start_scores",
]

Row = Mapping[str, Any]


def compose_path(deployment: Row, node: Row) -> str:
    """Name of a node's compose file."""
    return "compose.yaml" if len(deployment["nodes"]) == 1 else f"compose.{node['label']}.yaml"


def readme_start_scores(about: Row) -> list[str]:
    """That the scores were made up, where they were: the first thing to do before a start."""
    made_up = about["placeholders"]
    return [f"- **{escape(made_up)}.** Plan again with scores of these LLMs."] if made_up else []


def readme_start_models(llms: Sequence[Row]) -> str:
    """Which models deploy.env is to name: those that were measured, and of the others those that
    the estimates are of.

    llms: of a deployment.
    """
    measured = [escape(row["title"]) for row in llms if row["measured"]]
    others = [escape(row["title"]) for row in llms if not row["measured"]]
    words = ["- Read `deploy.env`. Its model ids are the catalogue's."]
    if measured:
        whose = f"those of {', '.join(measured)}" if others else "them"
        words.append(f"Set {whose} to what was measured, in the same precision.")
    if others:
        whose = f" of {', '.join(others)}" if measured else ""
        words.append(
            f"No curve{whose} that the plan uses was measured: latencies are estimates, for"
            " weights of 16 bits (bf16) unless a source of curves below says otherwise; set models"
            " of that precision."
        )
    return " ".join(words)


def _shares(deployment: Row) -> bool:
    """Whether any GPU is shared."""
    return any(row["shared"] for _, row in node_servers(deployment))


def readme_start_machines(deployment: Row) -> list[str]:
    """Without containers."""
    waves = max(row["wave"] for _, row in node_servers(deployment))
    order, what = "all at once", "starts the servers"
    if waves > 1:
        order = f"in {waves} waves, for servers on one GPU must not start at the same time"
        what = "first starts MPS for the shared GPUs, then the servers"
    lines = [
        "## 2. Start the servers on the machines themselves",
        "",
        *code_block(f"./deploy.sh start {node['label']}" for node in deployment["nodes"]),
        "",
    ]
    if len(deployment["nodes"]) > 1:
        lines.append("Each line on its own machine, in any order.")
    return [
        *lines,
        f"It {what}",
        f"({order}), and ends when all answer on `/health`.",
        "Running servers are left alone, so the same command restarts what has stopped. Logs are"
        " in `logs/`.",
        "`./deploy.sh status NODE` shows which servers answer, `./deploy.sh stop NODE` ends them"
        " all.",
    ]


def readme_start_compose(deployment: Row) -> list[str]:
    """With containers."""
    commands: list[str] = []
    for node in deployment["nodes"]:
        commands.append(f"./deploy.sh gpus {node['label']} >> deploy.env")
        if any(gpu["shared"] for gpu in node["gpus"]):
            commands.append(f"./deploy.sh mps-start {node['label']}")
        file = compose_path(deployment, node)
        commands.append(f"docker compose --env-file deploy.env -f {file} up -d --wait")
    lines = ["## Or: start them with docker compose", "", *code_block(commands), ""]
    if len(deployment["nodes"]) > 1:
        lines.append("Each group of lines on its own machine.")
    lines.append(
        f"Image `{IMAGE}`, its tag in `deploy.env`; the NVIDIA container toolkit must be installed."
        " Stop: the same with `down`."
    )
    if _shares(deployment):
        lines += [
            f"MPS runs on the host, and its directory ({MPS_DIRECTORY}) is mounted into the servers"
            " on shared GPUs. These do not",
            "restart after a reboot: without the daemon CUDA would give each the whole GPU. Start"
            " MPS first; stop it last",
            "(`mps-stop`).",
        ]
    return lines
