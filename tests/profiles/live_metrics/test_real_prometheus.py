"""A real Prometheus scrapes a small exporter that plays a server; what it kept is asked for and
recovered. The exporter says the time of its samples, a minute later each time it is asked, so that
three quarters of an hour pass in seconds.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from threading import Event

import httpx
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from profiles.importers.identify import Given
from profiles.live_metrics.pipeline import import_live_metrics
from profiles.live_metrics.rate_bins import RATE
from profiles.live_metrics.sources import MetricsChoice
from tests.support.outside import need
from tests.support.scenarios.played_day import write_day_plan
from tests.support.scenarios.played_prometheus import serve_answers
from tests.support.scenarios.played_server import START, exposition_of, mean_ttft, play_server

pytestmark = pytest.mark.slow

CONFIG = """global: {{scrape_interval: 100ms, scrape_timeout: 100ms}}
scrape_configs:
  - {{job_name: llm, static_configs: [{{targets: ["{target}"]}}]}}
"""
RATE_RPS, SCRAPES = 3.0, 45
"""That of `alpha` in the plan of a played day."""
OPTION = {"gpu": "H100-SXM-80GB", "tp": 1, "share": 100.0}


@contextmanager
def running_prometheus(folder: Path, target: str) -> Iterator[str]:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(target=target), encoding="utf-8")
    command = [need("prometheus"), f"--config.file={config}", f"--web.listen-address={place}"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, f"--storage.tsdb.path={folder / 'data'}"], stdout=log, stderr=log
        )
        try:
            yield f"http://{place}"
        finally:
            process.terminate()
            process.wait(30)


def wait_until_kept(address: str, patience: float = 60.0) -> None:
    """Until it has most of what was scraped: a scrape that takes too long is lost, and its window
    is left out where two are.
    """
    query = f"count_over_time(vllm:num_requests_running[1h]) > {SCRAPES - 15}"
    end = time.monotonic() + patience
    with httpx.Client(base_url=address, timeout=10) as client:
        while not client.get("/api/v1/query", params={"query": query}).json()["data"]["result"]:
            assert time.monotonic() < end


def test_what_a_real_prometheus_scraped_is_recovered(tmp_path: Path):
    need("prometheus")
    server = play_server([(RATE_RPS, 3600.0)], labels={"model_name": "alpha"}, edges=(0.1, 0.4))
    (tmp_path / "plan").mkdir()
    plan = write_day_plan(tmp_path / "plan")
    began = time.time() - 60.0 * (SCRAPES + 5)
    texts = iter([exposition_of(server, START + 60.0 * (k + 1)) for k in range(SCRAPES)])
    stamps = iter(range(SCRAPES))
    all_asked = Event()

    def answer(path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        text = next(texts, None)
        if text is None:
            all_asked.set()
            return 503, b""
        stamp = f" {1e3 * (began + 60.0 * next(stamps)):.0f}"
        lines = (line if line[0] == "#" else line + stamp for line in text.splitlines())
        return 200, ("\n".join(lines) + "\n").encode()

    with serve_answers(answer) as exporter:
        target = exporter.removeprefix("http://")
        with running_prometheus(tmp_path, target) as address:
            assert all_asked.wait(120), (tmp_path / "log").read_text(encoding="utf-8")
            wait_until_kept(address)
            choice = MetricsChoice(start=began - 1, end=time.time(), labels={"job": "llm"})
            found = import_live_metrics([address], Given(OPTION), choice)
            words = ("drift", str(plan), "--prometheus", address, "--label", "job=llm")
            span = ("--from", f"{began - 1:.0f}", "--to", f"{time.time():.0f}")
            done = CliRunner().invoke(app, [*words, *span, "--curve-error", "50"])
    assert done.exit_code == 0, done.output
    assert "beta on GPU-X, tp1 100 %: none of 1 planned replicas have metrics" in done.stderr
    assert "the same plan would come out" in done.stdout
    (point,) = found.points
    errors = point.binned.errors
    assert list(point.binned.windows) == [f"instance={target}, job=llm, model_name=alpha"]
    assert point.run.achieved_rps == pytest.approx(RATE_RPS, rel=errors[RATE])
    assert point.run.latency_ms["ttft", "mean"] == pytest.approx(
        1e3 * mean_ttft(RATE_RPS), rel=errors["ttft", "mean"]
    )
