"""A small HTTP server that answers /api/v1/query_range as Prometheus does, from what it is given:
the last scrape within 5 minutes before each time asked for.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import numpy as np

from tests.support.scenarios.played_server import PlayedServer

__all__ = ["PlayedPrometheus", "serve_answers", "serve_prometheus"]

LOOKBACK_S = 300.0


class PlayedPrometheus:
    """What was scraped of servers, each by an address."""

    def __init__(self, servers: dict[str, PlayedServer], times: Sequence[float]) -> None:
        self.times = np.array(times)
        self.series: dict[tuple[tuple[str, str], ...], np.ndarray] = {}
        found: dict[tuple[tuple[str, str], ...], dict[int, float]] = defaultdict(dict)
        for instance, server in servers.items():
            for k, time in enumerate(times):
                for name, labels, value in server.samples(time):
                    metric = {"__name__": name, **labels, "instance": instance, "job": "llm"}
                    found[tuple(sorted(metric.items()))][k] = value
        for metric, values in found.items():
            self.series[metric] = np.array([values.get(k, np.nan) for k in range(len(times))])

    def answer(self, query: str, start: float, end: float, step: float) -> dict:
        """The content of an answer."""
        clock = query.startswith("timestamp(")
        matchers = re.findall(r'(\w+)(=~|=)"((?:[^"\\]|\\.)*)"', query)
        asked = np.arange(start, end + 1e-6, step)
        last = np.searchsorted(self.times, asked, "right") - 1
        fresh = (last >= 0) & (asked - self.times[np.maximum(last, 0)] < LOOKBACK_S)
        result = []
        for metric, values in self.series.items():
            labels = dict(metric)
            if not all(
                re.fullmatch(value if how == "=~" else re.escape(value), labels.get(name, ""))
                for name, how, value in matchers
            ):
                continue
            if clock:
                del labels["__name__"]
            shown = self.times if clock else values
            pairs = [
                [float(time), repr(float(shown[k]))]
                for time, k, there in zip(asked, last, fresh, strict=True)
                if there and not np.isnan(values[k])
            ]
            if pairs:
                result.append({"metric": labels, "values": pairs})
        return {"status": "success", "data": {"resultType": "matrix", "result": result}}


@contextmanager
def serve_answers(answer: Callable[[str, dict[str, str]], tuple[int, bytes]]) -> Iterator[str]:
    """An address; `answer` makes (status, body) of path and parameters."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked["authorization"] = self.headers.get("Authorization", "")
            status, body = answer(parts.path, asked)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve_prometheus(prometheus: PlayedPrometheus) -> Iterator[str]:
    """The address of a Prometheus that has scraped."""

    def answer(path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        if path != "/api/v1/query_range":
            return 404, b"404 page not found"
        numbers = (float(asked[name]) for name in ("start", "end", "step"))
        return 200, json.dumps(prometheus.answer(asked["query"], *numbers)).encode()

    with serve_answers(answer) as address:
        yield address
