"""The deploy script of a deployment, and the file of its variables: vLLM servers on the machines
themselves, without containers.

The functions are fixed text (functions.sh); what the plan says are their calls, put together from
words: a word is text, quoted by `shlex.quote`, or a variable of deploy.env. Every node has its own
functions; each machine runs the same script with its node's name.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.deploy.file_heads import with_head
from reports.deploy.vllm_server import (
    API_KEY,
    BIND_ADDRESS,
    LOOPBACK,
    NAMES,
    vllm_mps_environment,
    vllm_serve_flags,
)

__all__ = ["shell_script", "shell_variables"]

FUNCTIONS = Path(__file__).with_name("functions.sh")
COMMANDS = ("check", "start", "status", "stop", "mps-start", "mps-stop", "gpus")
VLLM_TAG = "v0.33.0"
"""The release whose flags the bundle uses."""

PIPE = "CUDA_MPS_PIPE_DIRECTORY"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Expansion:
    """A variable as a word.

    otherwise: text of ours in its place where it is empty; before: text of ours in front of it.
    """

    name: str
    otherwise: str | None = None
    before: str = ""

    def __str__(self) -> str:
        """The word as the shell reads it."""
        otherwise = "" if self.otherwise is None else f":-{self.otherwise}"
        return f'{self.before}"${{{self.name}{otherwise}}}"'


Words = Sequence[str | Expansion]


def shell_script(deployment: Row) -> str:
    """Deploy.sh."""
    nodes = deployment["nodes"]
    parts = [
        "#!/usr/bin/env bash\n"
        + with_head(
            deployment["about"],
            "",
            "Starts and stops the vLLM servers of the plan; `deploy.sh` alone shows how.",
        ),
        FUNCTIONS.read_text(encoding="utf-8"),
        _line("readonly NODES=(", *(node["label"] for node in nodes)).replace("( ", "(") + ")\n",
        *(_shell_node_functions(deployment, node) for node in nodes),
        _shell_main(nodes),
    ]
    return "\n".join(parts)


def shell_variables(deployment: Row) -> str:
    """Deploy.env: the image, the models and the GPUs, for deploy.sh and docker
    compose.
    """
    lines = [
        "",
        (
            "# Release of vLLM (docker compose); its flags were those of the bundle when it was"
            " generated."
        ),
        f"VLLM_TAG={VLLM_TAG}",
    ]
    lines += [
        "# Token of Hugging Face, for gated models; one in the environment is taken as it is.",
        "#HF_TOKEN=hf_...",
        "",
    ]
    lines += [
        "# Key that the servers ask for (openssl rand -hex 32), the gateway's too. TO BE SET.",
        f"{API_KEY}=",
        "# Address that the servers listen on: of the network that the gateway is in, where it runs"
        " on another machine; 0.0.0.0 = every network that reaches this machine.",
        f"{BIND_ADDRESS}={LOOPBACK}",
        "",
    ]
    lines += ["# Model of every LLM: an id of Hugging Face or a path."]
    for llm in deployment["llms"]:
        known = llm["model_id"] or ""
        whose = (
            "what was measured" if llm["measured"] else "none in use was measured, see README.md"
        )
        where = "id from the planner's catalogue" if known else "in no catalogue, TO BE SET"
        lines.append(f"# {llm['title']}: {where} (its curves: {whose})")
        lines.append(f"{llm['model_key']}={shlex.quote(known) if known else ''}")
    for node in deployment["nodes"]:
        lines += [
            "",
            (
                f"# GPUs of node {node['label']}, by UUID: ./deploy.sh gpus {node['label']} >>"
                " deploy.env"
            ),
        ]
        lines += [f"{gpu['key']}=" for gpu in node["gpus"]]
    return with_head(deployment["about"], "\n".join(lines) + "\n")


def _line(*words: str | Expansion) -> str:
    """Put words that are the script's own or quoted on one line."""
    return " ".join(map(str, words))


def _shell_call(*groups: Words) -> str:
    """One command, a line a group; text is quoted."""
    lines = (
        " ".join(str(word) if isinstance(word, Expansion) else shlex.quote(word) for word in group)
        for group in groups
    )
    return "\t" + " \\\n\t\t".join(lines) + "\n"


def _gpu(row: Row) -> Expansion:
    """A GPU by its variable, else by its position in the node."""
    return Expansion(row["key"], str(row["at"]))


def _shell_node_functions(deployment: Row, node: Row) -> str:
    """The functions of one node."""
    gpus = {row["at"]: _gpu(row) for row in node["gpus"]}
    shared = [gpus[row["at"]] for row in node["gpus"] if row["shared"]]
    mps_start = _shell_call(["mps_start", *shared]) if shared else ""
    mps_stop = _shell_call(["mps_stop", *shared]) if shared else ""
    nothing = _shell_call(["say", f"no GPU of {node['label']} is shared: MPS is not needed"])
    ending = node["label"].replace("-", "_")
    bodies = {
        "check": _shell_checks(deployment, node, gpus),
        "start": _line(f"\tcheck_{ending}\n") + mps_start + _shell_starts(deployment, node, gpus),
        "status": "".join(
            _shell_call(["status", row["name"], str(row["port"])]) for row in node["servers"]
        ),
        "stop": (
            "".join(_shell_call(["halt", row["name"]]) for row in reversed(node["servers"]))
            + mps_stop
        ),
        "mps_start": mps_start or nothing,
        "mps_stop": mps_stop or nothing,
        "gpus": "".join(
            _shell_call(["print_gpu", row["key"], gpus[row["at"]]]) for row in node["gpus"]
        ),
    }
    title = (
        f"# ---- {node['label']}: {node['gpus_per_node']} x {node['gpu']}, pool {node['pool']}\n"
    )
    return title + "".join(f"\n{name}_{ending}() {{\n{body}}}\n" for name, body in bodies.items())


def _shell_checks(deployment: Row, node: Row, gpus: Mapping[int, Expansion]) -> str:
    """What must be there before a server starts."""
    shared = any(row["shared"] for row in node["gpus"])
    programs = [
        "nvidia-smi",
        "vllm",
        "curl",
        "setsid",
        *(["nvidia-cuda-mps-control"] if shared else []),
    ]
    models = {row["llm"] for row in node["servers"]}
    calls = [_shell_call(["need_programs", *programs]), _shell_call(["need_key"])]
    calls += [
        _shell_call(["need_model", llm["model_key"]])
        for llm in deployment["llms"]
        if llm["label"] in models
    ]
    for row in node["gpus"]:
        needed = sum(
            server["memory_gib_per_gpu"]
            for server in node["servers"]
            if row["at"] in server["gpus"]
        )
        memory = (str(int(1024 * gib)) for gib in (needed, node["memory_gib"]))
        calls.append(_shell_call(["need_gpu", gpus[row["at"]], *memory, node["gpu"]]))
    return "".join(calls)


def _shell_starts(deployment: Row, node: Row, gpus: Mapping[int, Expansion]) -> str:
    """The servers wave by wave: those that share GPUs never start at the same time."""
    llms = {row["label"]: row for row in deployment["llms"]}
    fleet = deployment["about"]["fleet"]
    text = ""
    for wave in sorted({row["wave"] for row in node["servers"]}):
        own = [row for row in node["servers"] if row["wave"] == wave]
        text += "" if wave == 1 else f"\t# wave {wave}: on GPUs of servers that are up now\n"
        for row in own:
            limits = [_shell_client(row)] if row["shared"] else []
            start = [
                "launch",
                row["name"],
                str(row["port"]),
                *(gpus[at] for at in row["gpus"]),
                "--",
            ]
            text += _shell_call(start, *limits, *_serve(row, llms[row["llm"]]["model_key"], fleet))
        text += "".join(_shell_call(["await", row["name"], str(row["port"])]) for row in own)
    return text


def _serve(server: Row, model_key: str, fleet: str) -> list[Words]:
    """The server's command: its names, then its flags."""
    flags = vllm_serve_flags(server, fleet, server["port"])
    host = Expansion(BIND_ADDRESS, before="--host=")
    return [["vllm", "serve", Expansion(model_key), *flags[:NAMES]], [*flags[NAMES:], host]]


def _shell_client(server: Row) -> Words:
    """The environment of a client of MPS."""
    limits = {key: value for key, value in vllm_mps_environment(server).items() if key != PIPE}
    return [
        "env",
        Expansion("MPS_DIRECTORY", before=f"{PIPE}="),
        *(f"{key}={value}" for key, value in limits.items()),
    ]


def _shell_main(nodes: Sequence[Row]) -> str:
    """The dispatch."""
    lines = [
        "(($# >= 1 && $# <= 2)) || usage",
        f"node=${{2:-{nodes[0]['label'] if len(nodes) == 1 else ''}}}",
        'case "$1 $node" in',
    ]
    lines += [
        f'"{c} {n["label"]}") {c.replace("-", "_")}_{n["label"].replace("-", "_")} ;;'
        for n in nodes
        for c in COMMANDS
    ]
    return "\n".join([*lines, "*) usage ;;", "esac", ""])
