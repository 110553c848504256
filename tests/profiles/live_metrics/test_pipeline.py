"""Metrics -> profile table: what was played is recovered, within the errors that are stated."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from profiles.importers.identify import Given
from profiles.io.faults import DataError
from profiles.live_metrics.metric_names import Engine
from profiles.live_metrics.pipeline import LiveImport, import_live_metrics
from profiles.live_metrics.rate_bins import RATE
from profiles.live_metrics.sources import MetricsChoice
from profiles.live_metrics.windows import WindowFault
from tests.support.scenarios.played_prometheus import PlayedPrometheus, serve_prometheus
from tests.support.scenarios.played_server import (
    START,
    TPOT,
    PlayedServer,
    exposition_of,
    mean_ttft,
    play_server,
)

OPTION = {"gpu": "H100-SXM-80GB", "tp": 1, "share": 100.0}
RATES = (1.5, 3.0, 5.0)
STEPS = [(rate, 1500.0) for rate in RATES]
TIMES = [START + 4.2 + 60.0 * k for k in range(75)]
FEW = (0.1, 0.5)
"""Edges of buckets where percentiles do not matter."""
CHOICE = MetricsChoice(start=START, end=START + 4500.0)


def put_texts(folder: Path, server: PlayedServer, times: list[float]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for time in times:
        (folder / f"metrics-{time:.0f}.txt").write_text(exposition_of(server, time), "utf-8")


def assert_recovered(found: LiveImport, rates: tuple[float, ...] = RATES) -> None:
    """Every point lies where its load was, within its errors; a rate's error moves the curve."""
    assert len(found.points) == len(rates)
    for point, rate in zip(found.points, rates, strict=True):
        run, errors = point.run, point.binned.errors
        assert run.achieved_rps == pytest.approx(rate, rel=errors[RATE])
        ttft, error = run.latency_ms["ttft", "mean"] / 1e3, errors["ttft", "mean"]
        low, high = (mean_ttft(rate * (1 + sign * errors[RATE])) for sign in (-1, 1))
        assert low * (1 - error) <= ttft <= high * (1 + error)
        if ("tpot", "mean") in run.latency_ms:
            assert run.latency_ms["tpot", "mean"] == pytest.approx(
                1e3 * TPOT, rel=errors["tpot", "mean"]
            )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, PlayedServer]]:
    server = play_server(STEPS, single=0.2, seed=5)
    with serve_prometheus(PlayedPrometheus({"10.0.0.7:8000": server}, TIMES)) as address:
        yield address, server


def test_what_a_prometheus_has_is_recovered(served: tuple[str, PlayedServer]):
    found = import_live_metrics([served[0]], Given(OPTION), CHOICE)
    assert_recovered(found)
    assert set(found.frame["provenance"]) == {"measured"}
    assert set(found.frame["measured_on"]) == {"2026-11-24"}
    assert found.frame["source"].str.contains("10.0.0.7:8000: ").all()
    assert found.frame["input_tokens"].tolist() == [200.0] * 3
    # A fifth of the answers has one token.
    assert found.frame["output_tokens"].to_numpy() == pytest.approx(0.8 * 60 + 0.2, rel=0.03)
    assert found.frame["ttft_p95_ms"].notna().all()
    (account,) = found.servers
    assert account.used + account.left_out.total() == 14
    assert account.used >= 12


def test_texts_give_the_same_as_a_prometheus(served: tuple[str, PlayedServer], tmp_path: Path):
    put_texts(tmp_path / "a", served[1], TIMES[:30])
    found = import_live_metrics([str(tmp_path)], Given(OPTION), MetricsChoice())
    asked = import_live_metrics(
        [served[0]], Given(OPTION), MetricsChoice(start=START, end=TIMES[29] + 1)
    )
    same = [name for name in found.frame if name != "source"]
    # Names have whole seconds.
    pd.testing.assert_frame_equal(found.frame[same], asked.frame[same], rtol=1e-3)


def test_sglang_has_no_tpot():
    server = play_server(STEPS, engine="sglang", seed=2)
    with serve_prometheus(PlayedPrometheus({"a": server}, TIMES)) as address:
        found = import_live_metrics([address], Given(OPTION), CHOICE)
    assert_recovered(found)
    assert found.servers[0].engine == Engine.SGLANG
    assert found.frame["tpot_mean_ms"].isna().all()
    assert found.frame["output_tokens"].to_numpy() == pytest.approx(60.0, rel=0.02)
    assert found.frame["concurrency"].notna().all()
    assert any("inter_token_latency_seconds" in notice for notice in found.notices)


def test_windows_with_a_restart_or_a_preemption_are_left_out_and_counted(tmp_path: Path):
    server = play_server(
        [(4.0, 3000.0)], edges=FEW, restarted_at=START + 700, preempted_at=START + 1900
    )
    put_texts(tmp_path, server, [START + 60.0 * k for k in range(51)])
    found = import_live_metrics([str(tmp_path)], Given(OPTION), MetricsChoice())
    (account,) = found.servers
    assert account.left_out[WindowFault.RESTART.value] == 1
    assert account.left_out[WindowFault.PREEMPTED.value] == 1
    assert_recovered(found, (4.0,))


def test_replicas_are_told_apart_by_labels_and_meet_in_one_curve(tmp_path: Path):
    """Two servers of one option, one of another; what the mapping file says of them wins."""
    times = TIMES[:26]
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        put_texts(tmp_path / name, play_server([(4.0, 1560.0)], seed=seed, edges=FEW), times)
    given = Given(
        {"tp": 1, "share": 50},
        servers=(
            ({"instance": "*"}, {"gpu": "H100-SXM-80GB", "neighbours": "busy"}),
            ({"instance": "*/c", "model_name": "Qwen/*"}, {"gpu": "L40S-48GB", "replicas": 2}),
            ({"instance": "*/c", "model_name": "other"}, {"gpu": "A100-PCIe-80GB"}),
        ),
    )
    found = import_live_metrics([str(tmp_path)], given, MetricsChoice())
    assert [(point.option[1], len(point.binned.windows)) for point in found.points] == [
        ("H100-SXM-80GB", 2),
        ("L40S-48GB", 1),
    ]
    assert found.points[1].run.achieved_rps == pytest.approx(2.0, rel=0.05)
    assert set(found.frame["neighbours"]) == {"busy"}
    assert any("divided by 2 replicas" in notice for notice in found.notices)


def test_servers_whose_option_nothing_says_are_one_fault(tmp_path: Path):
    for name in ("a", "b"):
        put_texts(tmp_path / name, play_server([(4.0, 700.0)], edges=FEW), TIMES[:12])
    with pytest.raises(DataError) as error:
        import_live_metrics([str(tmp_path)], Given({"tp": 1}), MetricsChoice())
    (fault,) = error.value.faults
    assert "nothing says the gpu, share of instance=" in fault.problem
    assert "/a, model_name=Qwen/Qwen3-8B, instance=" in fault.problem
    assert "where servers differ" in fault.fix


def test_rows_that_are_kept_stay(tmp_path: Path):
    before = tmp_path / "before.csv"
    before.write_text(
        "llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms\nold,L4-24GB,1,100,1,50\n", "utf-8"
    )
    put_texts(tmp_path / "a", play_server([(4.0, 1500.0)], edges=FEW), TIMES[:25])
    found = import_live_metrics([str(tmp_path / "a")], Given(OPTION), MetricsChoice(), before)
    assert found.kept == 1
    assert found.frame["llm"].tolist() == ["old", "qwen3-8b"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("up 1\n", "no vLLM or SGLang server"),
        ("vllm:num_requests_running 1\n", "no vLLM or SGLang server"),
        ("vllm:request_success_total 1\n", "a window takes scrapes over 5 minutes"),
    ],
)
def test_nothing_to_write_is_a_fault(tmp_path: Path, text: str, word: str):
    path = tmp_path / "x-1795500000.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=word):
        import_live_metrics([str(path)], Given(OPTION), MetricsChoice())


def test_too_short_a_time_says_what_was_left_out(tmp_path: Path):
    put_texts(tmp_path, play_server([(4.0, 700.0)], edges=FEW), TIMES[:12])
    with pytest.raises(DataError, match="2 fewer than 3 windows had such a rate"):
        import_live_metrics([str(tmp_path)], Given({**OPTION, "llm": "x"}), MetricsChoice())
