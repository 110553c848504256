"""Run by the Python of `make litellm`: LiteLLM's Router takes the config.yaml and the plugin of a
bundle of classes and cases, and sends calls to stubs of the servers.

    python gateway_cell_calls.py BUNDLE CALLS STATE...

STATE: a case, or a case and the position of a loss, as it stands in case.now. Standard output,
JSON: STATE -> class -> server (LLM outside) -> how many calls it got. Prompts are those of
BUNDLE/CLASS.csv, in turn.
"""

import asyncio
import csv
import json
import os
import sys
from collections import Counter
from pathlib import Path

from gateway_calls import Stub, router_of, send

Counts = dict[str, dict[str, dict[str, int]]]


def request(prompt_id: str, request_class: str) -> dict:
    """What a client asks the gateway, as the proxy hands it on."""
    return {
        "model": "fleet",
        "messages": [{"role": "user", "content": f"prompt {prompt_id}"}],
        "metadata": {"prompt_id": prompt_id},
        "proxy_server_request": {"headers": {"X-Request-Class": request_class}},
    }


async def main(folder: Path, calls: int, states: list[str]) -> Counts:
    """Count the calls of every class in every state."""
    import yaml

    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    for entry in config["model_list"]:
        base = entry["litellm_params"]["api_base"].removeprefix("os.environ/")
        if base not in os.environ:
            os.environ[base] = await Stub(counts, base.removeprefix("API_BASE_")).start()
    os.environ["VLLM_API_KEY"] = "secret"
    for key in {e["litellm_params"]["api_key"] for e in config["model_list"]}:
        os.environ.setdefault(key.removeprefix("os.environ/"), "secret")
    classes = json.loads((folder / "router_policy.json").read_text(encoding="utf-8"))["classes"]
    files = {name: folder / f"{name}.csv" for name in classes}
    os.environ["SCORES_TABLES"] = ",".join(f"{name}={path}" for name, path in files.items())
    import cell_price_plugin

    hook, router, found = cell_price_plugin.proxy_hook, router_of(config), {}
    for state in states:
        (folder / "case.now").write_text(state, encoding="utf-8")
        found[state] = {}
        hook.use_case_now()
        if hook.router.case != state.partition(" ")[0] and hook.router.case != state:
            raise AssertionError(f"{state} is not served but {hook.router.case}")
        for name, path in files.items():
            with open(path, encoding="utf-8", newline="") as stream:
                ids = [row["prompt_id"] for row in csv.DictReader(stream)]
            asked = [request(f"{ids[k % len(ids)]}", name) for k in range(calls)]
            counts.clear()
            routed = [
                await hook.async_pre_call_hook(None, None, dict(one), "completion") for one in asked
            ]
            for one in routed:
                one.pop("proxy_server_request")
            await send(router, routed)
            found[state][name] = dict(counts)
    return found


if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1], str(Path(__file__).parent)]
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))))
