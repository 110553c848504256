"""How to check a deployment, what to do when it fails, what fails together, what is assumed, what
is left out: the last sections of a deploy bundle's README.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.left_out import left_out_lines
from reports.deploy.markdown import code_block, escape, markdown_table, node_servers
from reports.deploy.vllm_server import API_KEY, vllm_max_model_len

__all__ = [
    "readme_check_assumed",
    "readme_check_contexts",
    "readme_check_left_out",
    "readme_check_shared_fate",
    "readme_check_troubles",
    "readme_checks",
]

Row = Mapping[str, Any]


def readme_checks(deployment: Row, kinds: Sequence[str]) -> list[str]:
    """How to see that it does what the plan says."""
    node, server = max(node_servers(deployment), key=lambda pair: pair[1]["rate_rps"])
    model = next(row for row in deployment["llms"] if row["label"] == server["llm"])
    lines = [
        "## 4. Check it",
        "",
        "- Every server answers and knows its names: `curl -s -H"
        f' "Authorization: Bearer ${API_KEY}" http://HOST:PORT/v1/models`.',
        (
            "- Memory: `nvidia-smi` shows no GPU above the memory in the table by more than"
            " contexts take (about 1 GiB per server)."
        ),
    ]
    if any(row["shared"] for _, row in node_servers(deployment)):
        lines += [
            (
                "- MPS: `nvidia-smi` shows `M+C` processes on shared GPUs. A server's log shows how"
                " much memory it found: if that is the MPS"
            ),
            (
                "  limit and not the GPU's whole memory, vLLM takes its part of the limit; then set"
                " `--gpu-memory-utilization=0.95` there."
            ),
        ]
    if "litellm" in kinds:
        lines.append(
            "- Fractions: of n requests at the gateway each LLM's lie within 4 sqrt(f (1 - f) / n)"
            " of its fraction f."
        )
    near = any(
        server["name"] in other["after"] or server["after"] for _, other in node_servers(deployment)
    )
    near_load = ", its neighbours loaded at theirs" if near else ""
    prompt, answer = server["tokens"] or ("TOKENS", "TOKENS")
    lengths = (
        "those that its curve was measured or simulated with, in the mean (tokens entered may"
        " differ a little; requests all of one length have shorter tails than mixed ones)"
        if server["tokens"]
        else "those of its curve (TOKENS: the profile table does not say)"
    )
    return [
        *lines,
        (
            f"- Latency: each server alone at its planned rate{near_load}, against the latencies of"
            " the table above, with prompts"
        ),
        f"  and answers as long as {lengths}; for example {server['name']} on {node['label']}:",
        "",
        *code_block(
            [
                (
                    f"OPENAI_API_KEY=${API_KEY} vllm bench serve"
                    f" --base-url http://HOST:{server['port']} --model"
                    f' {server["llm"]} --tokenizer "${model["model_key"]}" \\'
                ),
                (
                    f"  --request-rate {server['rate_rps']:.2f} --num-prompts"
                    f" {max(1000, int(60 * server['rate_rps']))} \\"
                ),
                f"  --random-input-len {prompt} --random-output-len {answer} \\",
                "  --percentile-metrics ttft,tpot,itl,e2el --metric-percentiles 50,90,95,99",
            ]
        ),
    ]


def readme_check_troubles(deployment: Row, kinds: Sequence[str]) -> list[str]:
    """What a failure means and what to do."""
    shared = any(row["shared"] for _, row in node_servers(deployment))
    mps = "on a shared GPU see MPS above; else " if shared else ""
    rows = [
        (
            "`Free memory on device ... is less than desired`",
            "another process holds memory there: find it with `nvidia-smi`, end it, start again",
        ),
        (
            "`invalid literal for int() with base 10: 'GPU-...`",
            "this vLLM is too old: it cannot take GPUs by UUID (0.33 can)",
        ),
        (
            "`No available memory for the cache blocks`, or the longest request does not fit",
            f"{mps}add a `--max-model-len` that fits, or a smaller one (of a measured curve that of"
            " the measurement, and its `--kv-cache-dtype`)",
        ),
        (
            "`... is not healthy after 1800 s`",
            "still loading? look into its log; `START_SECONDS=...` in `deploy.env` waits longer",
        ),
        (
            "`something else answers on port ...`",
            "a server of another bundle or by hand: end it, or change the port everywhere",
        ),
    ]
    if shared:
        rows += [
            (
                "several servers ended at once",
                (
                    "one took its neighbours with it (table below): `stop`, then `start`; read the"
                    " first log to end"
                ),
            ),
            (
                "`CUDA-capable device(s) is/are busy or unavailable`",
                "the MPS daemon is gone or is another user's: `stop`, then `start` as root",
            ),
        ]
    if "litellm" in kinds:
        rows += [
            ("the gateway answers 401", "the client gave another key than `LITELLM_MASTER_KEY`"),
            (
                "the gateway answers 5xx",
                "servers of several LLMs do not answer: `./deploy.sh status NODE` on every machine",
            ),
        ]
    return ["## If something fails", "", *markdown_table(["what you see", "what to do"], rows)]


def readme_check_shared_fate(deployment: Row) -> list[str]:
    """What fails together: a fatal fault of an MPS client ends the clients on its GPUs."""
    rows = []
    for node in deployment["nodes"]:
        for row in node["servers"]:
            near = [other for other in node["servers"] if set(other["gpus"]) & set(row["gpus"])]
            # MIG instances fail each for itself.
            if len(near) > 1 and not row["mig_profile"]:
                others = ", ".join(other["name"] for other in near if other is not row)
                rows.append(
                    (
                        row["name"],
                        node["label"],
                        others,
                        f"{100 * sum(other['fraction'] for other in near):.1f} %",
                    )
                )
    if not rows:
        return []
    return [
        "## Shared GPUs: what fails together",
        "",
        (
            "A fatal fault of one MPS client (an illegal address, say) can end every client on the"
            " GPUs that it uses. The gateway then has to"
        ),
        "do without all of them until they are up again.",
        "",
        *markdown_table(["a fault of", "node", "also ends", "requests concerned"], rows),
        "",
        (
            "A share is a limit, not a reservation, and is fixed when a server starts. All of a"
            " node's shared GPUs are under one MPS daemon:"
        ),
        "stopping it stops them all.",
    ]


def readme_check_assumed(deployment: Row) -> list[str]:
    """What has not been checked."""
    about = deployment["about"]
    return [
        "## What is assumed",
        "",
        (
            f"- Latency curves: {', '.join(about['provenance'])}. The plan holds for these curves,"
            f" at {about['planned_rate']}."
        ),
        *([f"- {about['precision']}"] if about["precision"] else []),
        *(f"- Source of curves: {escape(source)}." for source in about["sources"]),
        "- GPU k of a node is nvidia-smi's GPU k, unless `deploy.env` says otherwise.",
        *_readme_check_flags(about["provenance"]),
        (
            f"- {100 * about['headroom']:g} % of each GPU's memory stays free; of the rest, what"
            " the plan does not count is KV cache."
        ),
        (
            "- Flags are those of vLLM 0.33. Neither the limits of MPS nor these files"
            " have been tried on a GPU, a docker daemon or a cluster yet."
        ),
        *(f"- {escape(caution)}." for caution in deployment["cautions"]),
        *(f"- Of the plan: {escape(notice)}." for notice in about["notices"]),
    ]


def readme_check_contexts(deployments: Sequence[Row]) -> list[str]:
    """Which servers of any setup refuse requests above how many tokens; nothing where none does."""
    limits: dict[str, set[int]] = {}
    for deployment in deployments:
        for _, row in node_servers(deployment):
            limit = vllm_max_model_len(row)
            if limit is not None:
                name = f"{escape(row['llm_name'])} (tp {row['tp_degree']})"
                limits.setdefault(name, set()).add(limit)
    if not limits:
        return []
    listed = (
        f"servers of {name} take at most {' or '.join(f'{n:,}' for n in sorted(own))} tokens"
        for name, own in limits.items()
    )
    return [
        f"- **Longest requests**, prompt and answer together: {'; '.join(listed)}, and refuse"
        " longer ones (`--max-model-len`). Their GPUs have no room for the model's own longest"
        " context beside weights of 16 bits; where the weights are smaller, raise it."
    ]


def _readme_check_flags(provenance: Sequence[str]) -> list[str]:
    """That flags of a measurement are not in the plan; nothing where nothing was measured."""
    if "measured" not in provenance:
        return []
    return [
        "- Flags that the measurements were made with (quantization, `--max-model-len`,"
        " `--max-num-seqs`) are not in the plan: add them to",
        "  the servers' commands.",
    ]


def readme_check_left_out(left_out: Mapping[str, Sequence[str]]) -> list[str]:
    """Which kinds of files are not there, and why."""
    lines = left_out_lines(left_out)
    return ["## Not here", "", *(f"- {escape(line)}" for line in lines)] if lines else []
