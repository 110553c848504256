"""A Prometheus, asked by its HTTP API."""

import json
from typing import Any

import pytest

from profiles.io.faults import DataError
from profiles.live_metrics import prometheus_api
from profiles.live_metrics.prometheus_api import (
    is_prometheus_url,
    read_prometheus,
    shown_prometheus_url,
)
from profiles.live_metrics.record import CLOCK
from tests.support.scenarios.played_prometheus import serve_answers

START = 1_795_500_000.0
EMPTY = {"status": "success", "data": {"resultType": "matrix", "result": []}}


def ok(tree: Any) -> tuple[int, bytes]:
    return 200, json.dumps(tree).encode()


def refused(answer: tuple[int, bytes], url: str = "{}", **labels: str) -> str:
    with serve_answers(lambda path, asked: answer) as address, pytest.raises(DataError) as error:
        read_prometheus(url.format(address), START, START + 60, labels)
    return str(error.value)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((404, b"404 page not found"), "404 Not Found; give the address"),
        ((401, b""), "401 Unauthorized; log in"),
        ((422, json.dumps({"status": "error", "error": "too many samples"}).encode()), "samples"),
        ((302, b""), "302 Found; give the address"),
        ((200, b"<html>"), "no Prometheus"),
        ((200, b'{"status": "success", "data": 3}'), "no list of results"),
        (ok({"status": "error", "error": "bad"}), "bad"),
    ],
)
def test_what_goes_wrong_is_said(answer: tuple[int, bytes], word: str):
    assert word in refused(answer)


def test_an_answer_has_a_limit_of_size_and_of_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prometheus_api, "LARGEST_ANSWER", 10)
    assert "larger than 0 MiB" in refused(ok(EMPTY))
    monkeypatch.setattr(prometheus_api, "LARGEST_ANSWER", 1000)
    clock = iter(range(0, 10_000, 100))
    monkeypatch.setattr(prometheus_api, "monotonic", lambda: next(clock))
    assert "takes longer than" in refused(ok(EMPTY))


def test_all_answers_have_a_limit_together(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prometheus_api, "MOST_NUMBERS", 1)
    series = {"metric": {"__name__": "vllm:x"}, "values": [[START, "1"], [START + 30, "2"]]}
    answer = {"status": "success", "data": {"result": [series]}}
    assert "more than 1 numbers" in refused(ok(answer))


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://127.0.0.1:9", "cannot be reached"),
        ("http://no-such-host.invalid", "cannot be reached"),
        ("http://[::1", "address"),
        ("http://127.0.0.1:99999", "address"),
    ],
)
def test_an_address_that_is_none(url: str, word: str):
    with pytest.raises(DataError) as error:
        read_prometheus(url, START, START + 60, {})
    assert word in str(error.value)


def test_what_logs_in_is_sent_and_never_shown():
    sent: list[str] = []

    def answer(path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        sent.append(asked["authorization"])
        return 401, b""

    with serve_answers(answer) as address:
        for url, token in ((address.replace("//", "//me:secret@"), ""), (address, "secret")):
            with pytest.raises(DataError) as error:
                read_prometheus(url, START, START + 60, {}, token)
            assert "secret" not in str(error.value)
    assert sent[0].startswith("Basic ")
    assert sent[1] == "Bearer secret"
    assert shown_prometheus_url("https://a:b@h/p/?q=secret") == "https://h/p"


def test_labels_are_asked_for_word_by_word():
    queries: list[str] = []

    def answer(path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        queries.append(asked["query"])
        return ok(EMPTY)

    with serve_answers(answer) as address:
        assert read_prometheus(address, START, START + 60, {"job": 'a"b\\'}) == ([], [])
    # Where no server counts requests, nothing else is asked.
    (query,) = queries
    assert query.endswith(',job="a\\"b\\\\"})')
    assert "this is no name of a label" in refused(ok(EMPTY), **{'a"': "b"})


def test_a_long_time_is_asked_for_in_parts_that_do_not_overlap():
    requested_ranges: list[tuple[float, float]] = []

    def answer(path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        if asked["query"].startswith("timestamp("):
            requested_ranges.append((float(asked["start"]), float(asked["end"])))
        return ok({**EMPTY, "warnings": ["a store did not answer"]} | {"data": {"result": [
            {"metric": {"__name__": "x", "instance": "a"}, "values": [[float(asked["start"]), "1"]]}
        ]}})  # fmt: skip

    with serve_answers(answer) as address:
        series, notices = read_prometheus(f"{address}/", START + 7, START + 5 * 3600, {})
    assert [start for start, _ in requested_ranges] == [START, START + 7200, START + 14400]
    assert [end for _, end in requested_ranges] == [START + 7170, START + 14370, START + 18000]
    assert [one.name for one in series] == [CLOCK, "x", "x", "x"] * 3
    assert notices == ["Prometheus warns: 'a store did not answer'"]


def test_an_address_is_no_file():
    assert is_prometheus_url("HTTPS://host")
    assert not is_prometheus_url("scrapes/http")
