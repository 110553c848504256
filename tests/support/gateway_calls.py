"""Run by the Python of `make litellm`: LiteLLM's Router takes a bundle's config.yaml and plugin,
and sends calls to stubs of the servers.

    python gateway_calls.py BUNDLE CALLS SEED

Standard output, JSON: server (or LLM) -> how many calls it got
    weights    servers that the Router picks for the whole fleet, CALLS times, without scores
    hook       LLMs that the proxy's hook names with scores, CALLS times
    plugin     servers that CALLS real calls reach with scores, through the SDK's routing plugin
    down       servers that 40 real calls reach whose LLM's own servers have all been stopped: 20
               named by the hook, 20 for the whole fleet
Prompts are those of BUNDLE/scores.csv, drawn by its weights.
"""

import asyncio
import csv
import json
import os
import random
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
import yaml

litellm.suppress_debug_info = True
AT_ONCE = 32
ANSWER = {
    **{"id": "x", "object": "chat.completion", "created": 0, "model": "stub"},
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class Stub:
    """A server that answers every chat completion and counts them.

    counts: by the servers' names.
    """

    def __init__(self, counts: Counter[str], name: str) -> None:
        self.counts, self.name, self.open = counts, name, set[asyncio.StreamWriter]()

    async def start(self) -> str:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"

    def stop(self) -> None:
        self.server.close()
        for writer in self.open:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(ANSWER).encode()
        self.open.add(writer)
        try:
            while line := await reader.readline():
                length, path = 0, line.split()[1]
                while (header := await reader.readline()).strip():
                    key, _, value = header.partition(b":")
                    length = int(value) if key.lower() == b"content-length" else length
                await reader.readexactly(length)
                if path != b"/v1/chat/completions":
                    raise ValueError(path)
                self.counts[self.name] += 1
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:"
                    b" %d\r\n\r\n%s" % (len(body), body)
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()


def router_of(config: dict, plugins: list | None = None) -> litellm.Router:
    """The Router as the proxy makes it of the file; tokens cost nothing, since looking up their
    price takes a third of a call's time.
    """
    more = {} if plugins is None else {"plugins": plugins}
    free = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
    models = [
        {**entry, "litellm_params": {**entry["litellm_params"], **free}}
        for entry in config["model_list"]
    ]
    return litellm.Router(model_list=models, **config["router_settings"], **more)


async def send(router: litellm.Router, requests: list[dict]) -> None:
    """Send real calls, some at once."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(data: dict) -> None:
        async with limit:
            await router.acompletion(**data)

    await asyncio.gather(*(one(data) for data in requests))


def request(prompt_id: str) -> dict:
    """What a client asks the gateway."""
    return {
        "model": "fleet",
        "messages": [{"role": "user", "content": f"prompt {prompt_id}"}],
        "metadata": {"prompt_id": prompt_id},
    }


def drawn(path: Path, calls: int, seed: int) -> list[str]:
    """Prompt ids, drawn by the weights of the table."""
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    weights = [float(row.get("weight") or 1) for row in rows]
    return random.Random(seed).choices([row["prompt_id"] for row in rows], weights, k=calls)  # noqa: S311  (a sample)


async def main(folder: Path, calls: int, seed: int) -> dict[str, dict[str, int]]:
    """Count all four."""
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    stubs = {
        e["model_info"]["id"]: Stub(counts, e["model_info"]["id"])
        for e in config["model_list"]
        if e["model_name"] != "fleet"
    }
    for name, stub in stubs.items():
        os.environ[f"API_BASE_{name.upper().replace('-', '_')}"] = await stub.start()
    requests = [request(one) for one in drawn(folder / "scores.csv", calls, seed)]
    module, _, attribute = config["litellm_settings"]["callbacks"][0].partition(".")
    plugin_file = import_module(module)

    async def hooked(hook, data: dict) -> dict:
        return await hook.async_pre_call_hook(None, None, dict(data), "completion")

    router, found = router_of(config), {}
    silent = [await hooked(getattr(plugin_file, attribute), one) for one in requests]
    picks = [await router.select(one["model"], {}) for one in silent]
    found["weights"] = Counter(pick["model_info"]["id"].removeprefix("fleet-") for pick in picks)
    os.environ["SCORES_TABLE"] = str(folder / "scores.csv")
    with_scores = plugin_file.DualPrice.from_environment()
    named = [await hooked(with_scores, one) for one in requests]
    found["hook"] = Counter(one["model"] for one in named)
    await send(router_of(config, [with_scores]), requests)
    found["plugin"] = Counter(counts)
    down = named[0]["model"]
    for entry in config["model_list"]:
        if entry["model_name"] == down:
            stubs[entry["model_info"]["id"]].stop()
    counts.clear()
    await send(
        router_of(config), [*[one for one in named if one["model"] == down][:20], *silent[:20]]
    )
    found["down"] = Counter(counts)
    return found


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))))
