"""The README of a deploy bundle: what is planned, in which order to start what; its second half is
`reports.deploy.notes`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.compose import IMAGE
from reports.deploy.markdown import block, servers_of, table, words
from reports.deploy.notes import assumed, checks, shared_fate, troubles
from reports.deploy.words import MPS_DIRECTORY, head, purpose_of

__all__ = ["compose_path", "deploy_readme"]

Row = Mapping[str, Any]


def deploy_readme(
    deployment: Row,
    kinds: Sequence[str],
    left_out: Mapping[str, Sequence[str]],
    files: Sequence[str],
) -> str:
    """Tell the README.

    kinds: what the bundle holds; left_out: what it does not, with the reasons; files: beside it.
    """
    about = deployment["about"]
    sections = [
        [
            f"# Deployment of {words(about['scenario'])}",
            "",
            *(f"> {words(line)}  " for line in head(about)),
        ],
        _planned(deployment),
        _first(deployment, kinds),
        _machines(deployment) if "shell" in kinds else [],
        _compose(deployment) if "compose" in kinds else [],
        (
            _kubernetes(deployment)
            if "kubernetes" in kinds
            else _refused("Kubernetes", left_out.get("kubernetes", ()))
        ),
        _gateway(deployment) if "litellm" in kinds else [],
        _own_router() if "router" in kinds else [],
        _routellm() if "routellm" in kinds else _refused("RouteLLM", left_out.get("routellm", ())),
        checks(deployment, kinds),
        troubles(deployment, kinds),
        shared_fate(deployment),
        assumed(deployment),
        [
            "## Files",
            "",
            *table(["file", "what it is for"], [(f"`{name}`", purpose_of(name)) for name in files]),
        ],
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def compose_path(deployment: Row, node: Row) -> str:
    """Name of a node's compose file."""
    return "compose.yaml" if len(deployment["nodes"]) == 1 else f"compose.{node['label']}.yaml"


def _planned(deployment: Row) -> list[str]:
    """Tell servers and GPUs."""
    about = deployment["about"]
    told = {row["label"]: words(row["told"]) for row in deployment["llms"]}
    rows = [
        (
            *(
                row["name"],
                told[row["llm"]],
                node["label"],
                ", ".join(map(str, row["gpus"])),
                f"{row['mps_share_pct']:g} %",
                row["port"],
            ),
            *(
                f"{row['utilization']:.3f}",
                f"{row['rate_rps']:.2f}",
                f"{100 * row['fraction']:.2f} %",
            ),
        )
        for node, row in servers_of(deployment)
    ]
    gpus = [
        (node["label"], gpu["at"], ", ".join(gpu["servers"]), f"{gpu['share_pct']:g} %",
         f"{gpu['utilization']:.3f}")
        for node in deployment["nodes"] for gpu in node["gpus"] if gpu["shared"]
    ]  # fmt: skip
    slo = "; ".join(about["slo"]) or "none"
    idle = [told[row["label"]] for row in deployment["llms"] if not row["fraction"]]
    return [
        "## What is planned",
        "",
        f"{about['arrival_rate_rps']:g} requests per second in all, within these SLOs: {slo}.",
        *(
            [
                "Not deployed, since the plan does without:"
                f" {', '.join(map(words, about['unused']))}."
            ]
            if about["unused"]
            else []
        ),
        *(
            [f"Deployed without any requests, since the scenario asks for it: {', '.join(idle)}."]
            if idle
            else []
        ),
        "",
        *table(
            [
                "server",
                "LLM",
                "node",
                "GPUs",
                "share of each",
                "port",
                "memory",
                "req/s",
                "of all requests",
            ],
            rows,
        ),
        "",
        "Memory is vLLM's `--gpu-memory-utilization`. "
        + ("On the GPUs that are shared (by MPS) it adds up to:" if gpus else "No GPU is shared."),
        *(["", *table(["node", "GPU", "servers", "shares", "memory"], gpus)] if gpus else []),
    ]


def _first(deployment: Row, kinds: Sequence[str]) -> list[str]:
    """Tell what to do before anything starts."""
    nodes = [
        f"`{node['label']}` is a machine with {node['gpus_per_node']} x {words(node['gpu'])}"
        for node in deployment["nodes"]
    ]
    each = "Copy this folder to each" if len(nodes) > 1 else "Copy this folder there"
    unset = [row for row in deployment["llms"] if row["model_id"] is None]
    lines = ["## 1. Before you start", "", f"- Nodes: {'; '.join(nodes)}. {each}."]
    if "shell" in kinds or "compose" in kinds:
        lines.append(
            "- Read `deploy.env`. Model ids there are the catalogue's: set them to what was"
            " measured, its precision too."
        )
        lines += [
            f"- **`{row['model_key']}` must be set**: {words(row['told'])} is in no catalogue."
            for row in unset
        ]
    if "shell" in kinds:
        root = any(row["shared"] for _, row in servers_of(deployment))
        found = (f"./deploy.sh check {node['label']}" for node in deployment["nodes"])
        who = ", as root (MPS needs it)" if root else ""
        lines += [
            f"- On {'each' if len(nodes) > 1 else 'the'} machine{who}, see what is missing:",
            "",
            *block(found),
        ]
    lines += ["", "The servers ask for no key: keep their ports inside a network that you trust."]
    return lines


def _machines(deployment: Row) -> list[str]:
    """Tell the start without containers."""
    waves = max(row["wave"] for _, row in servers_of(deployment))
    order = (
        "all at once"
        if waves == 1
        else f"in {waves} waves, since servers on one GPU must not start at the same time"
    )
    mps = (
        "first starts MPS for the shared GPUs, then the servers"
        if waves > 1
        else "starts the servers"
    )
    several = len(deployment["nodes"]) > 1
    return [
        "## 2. Start the servers on the machines themselves",
        "",
        *block(f"./deploy.sh start {node['label']}" for node in deployment["nodes"]),
        "",
        *(
            ["Each line on its own machine; the machines need not wait for each other."]
            if several
            else []
        ),
        f"It {mps}",
        f"({order}), and ends when all answer on `/health`.",
        (
            "What runs already is left alone, so the same command also starts again what has"
            " stopped. Logs are in `logs/`."
        ),
        "`./deploy.sh status NODE` tells which answer, `./deploy.sh stop NODE` ends them all.",
    ]


def _compose(deployment: Row) -> list[str]:
    """Tell the start with containers."""
    lines: list[str] = []
    for node in deployment["nodes"]:
        lines.append(f"./deploy.sh gpus {node['label']} >> deploy.env")
        if any(gpu["shared"] for gpu in node["gpus"]):
            lines.append(f"./deploy.sh mps-start {node['label']}")
        file = compose_path(deployment, node)
        lines.append(f"docker compose --env-file deploy.env -f {file} up -d --wait")
    several = ["Each group of lines on its own machine."] if len(deployment["nodes"]) > 1 else []
    lines = ["## Or: start them with docker compose", "", *block(lines), "", *several]
    lines += [
        f"Image `{IMAGE}`, its tag in `deploy.env`; the NVIDIA container toolkit must be installed."
        " Stop: the same with `down`."
    ]
    if any(row["shared"] for _, row in servers_of(deployment)):
        lines += [
            (
                f"MPS runs on the host, and its directory ({MPS_DIRECTORY}) is mounted into the"
                " servers on shared GPUs. These do not come"
            ),
            (
                "back by themselves after a reboot: without the daemon CUDA would give each the"
                " whole GPU. Start MPS first; stop it last"
            ),
            "(`mps-stop`).",
        ]
    return lines


def _refused(what: str, reasons: Sequence[str]) -> list[str]:
    """Tell why something is not there; nothing where it was not asked for."""
    return (
        [f"## Not here: {what}", "", *(f"- {words(reason)}" for reason in reasons)]
        if reasons
        else []
    )


def _kubernetes(deployment: Row) -> list[str]:
    """Tell the start on Kubernetes."""
    labels = (f"kubectl label node NODE plan-node={node['label']}" for node in deployment["nodes"])
    shared = any(row["shared"] for _, row in servers_of(deployment))
    unset = [row["model_key"] for row in deployment["llms"] if row["model_id"] is None]
    apply = [
        "kubectl apply -k kubernetes",
        "kubectl wait --for=condition=Available deployment -l plan-node --timeout=30m",
    ]
    lines = [
        "## Or: start them on Kubernetes",
        "",
        (
            "The pods of a node of the plan go to the node that carries its label; a Gateway"
            " `inference-gateway` must be there."
        ),
        "",
        *block([*labels, *apply]),
        "",
        (
            "The HTTPRoute splits requests at random in the planned fractions; every server answers"
            " to the model name `fleet`. For the choice"
        ),
        "by prompt put the gateway below in front of the Services instead.",
    ]
    if unset:
        lines += [
            "",
            (
                f"Set {', '.join(f'`{key}`' for key in unset)} in `kubernetes/models.yaml`: pods"
                " without a model id do not start."
            ),
        ]
    if shared:
        lines += [
            "",
            (
                "GPUs are shared by MPS through NVIDIA's device plugin: give it"
                " `device-plugin-mps-N.yaml` as its configuration `mps-N` (helm:"
            ),
            (
                "`--set-file config.map.mps-N=...`) and label the nodes"
                " `nvidia.com/device-plugin.config=mps-N`. Pods on one GPU may start at"
            ),
            (
                "the same time; one that finds too little memory ends and is started again. vLLM"
                " has failed under the plugin's MPS for some"
            ),
            (
                '("CUDA-capable device(s) is/are busy or unavailable",'
                " vllm-project/production-stack 504): try one pod first."
            ),
        ]
    return lines


def _gateway(deployment: Row) -> list[str]:
    """Tell LiteLLM."""
    several = len(deployment["nodes"]) > 1
    return [
        "## 3. Start the gateway (LiteLLM)",
        "",
        (
            f"Set {'the addresses of the nodes and ' if several else ''}the gateway's key in"
            " `gateway.env` first; clients give that key."
        ),
        "",
        *block(
            [
                "pip install 'litellm[proxy]' numpy",
                "set -a; . ./gateway.env; set +a",
                "PYTHONPATH=. litellm --config config.yaml --port 4000",
            ]
        ),
        "",
        (
            "Clients ask for the model `fleet`. Without scores the weights of `config.yaml` decide:"
            " the planned fractions, at random. With"
        ),
        (
            "scores `dual_price_plugin.py` decides by score - price: set `SCORES_TABLE` (a CSV"
            " file) or `SCORE_PREDICTOR` (`module:attribute`,"
        ),
        (
            "your own); that file tells more. Scores must be on the scale of those that were"
            " planned with. When no server of the chosen LLM"
        ),
        (
            "answers, the request goes to another LLM, the cheapest first: the plan's latencies and"
            " qualities do not hold then. With"
        ),
        (
            "`PLAN_FOLLOW_SECONDS=60` prices follow the load, once a minute, by the table in"
            " `router_policy.json`."
        ),
    ]


def _own_router() -> list[str]:
    """Tell the router for other gateways."""
    return [
        "## Or: a gateway of your own",
        "",
        (
            "`router_policy.json` holds prices, ties and fallback weights; `router.py` (numpy"
            " alone) reads it:"
        ),
        "",
        "```python",
        "from router import Router",
        "",
        'router = Router.load("router_policy.json")',
        "llm = router.choose(scores, prompt_id)   # scores: {LLM: score}",
        "```",
    ]


def _routellm() -> list[str]:
    """Tell the threshold."""
    return [
        "## Or: RouteLLM",
        "",
        (
            "`routellm.json` holds the threshold that does what the two prices do, and the win rate"
            " that it goes with (the model string is"
        ),
        "`router-NAME-THRESHOLD`). RouteLLM sends every tie to the strong LLM.",
    ]
