"""The event-skipping simulation against one that goes step by step, and against what must hold of
any server.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.serving.batching import (
    SCHEDULERS,
    BatchExtras,
    Limits,
    TooLongError,
    serve_batches,
    serve_batches_closed,
)
from models.serving.step_time import StepSettings, StepTime, step_time
from models.serving.workload import (
    draw_front_ends,
    draw_workload_lengths,
    fixed,
    lognormal_workload,
    workload_unit_arrivals,
)
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

STEP = step_time(load_catalogue_llms()["llama-3.1-8b"], load_catalogue_gpus()["H100-SXM-80GB"], 1)

MOE = step_time(
    load_catalogue_llms()["qwen3-30b-a3b"], load_catalogue_gpus()["A100-SXM-80GB"], 2, 0.5
)

WINDOWED = step_time(
    load_catalogue_llms()["gpt-oss-20b"],
    load_catalogue_gpus()["H100-SXM-80GB"],
    1,
    1.0,
    StepSettings(weight_bits=4),
)


IDLE = step_time(
    load_catalogue_llms()["llama-3.1-8b"],
    load_catalogue_gpus()["A100-SXM-80GB"],
    2,
    0.4,
    StepSettings(idle_neighbours=True),
)


@dataclass
class Request:
    number: int
    queued: float
    prompt: int
    output: int
    computed: int = 0
    made: int = 0
    first: float = 0.0
    finish: float = 0.0


def held(step: StepTime, request: Request) -> float:
    return float(step.seen(np.array(request.prompt + request.output)))


def seen_in_decode(step: StepTime, request: Request) -> float:
    """Full layers see all there is so far, the others their window of the context at half the
    response.
    """
    windowed = min(request.prompt + request.output / 2, step.window)
    return (1 - step.windowed) * (request.prompt + request.made) + (
        step.windowed * windowed if step.windowed else 0
    )


def naive(
    step: StepTime,
    queued: Sequence[float],
    prompts: np.ndarray,
    outputs: np.ndarray,
    limits: Limits,
    scheduler: str,
    closed: bool,
    cached: np.ndarray,
) -> tuple[list[Request], float]:
    """One step at a time, no clever skips; the requests and the most cache in use."""

    def request_of(k: int, at: float) -> Request:
        return Request(k, at, int(prompts[k]), int(outputs[k]), computed=int(cached[k]))

    waiting = [request_of(k, at) for k, at in enumerate(queued)]
    inside: list[Request] = []
    done: list[Request] = []
    now, most = 0.0, 0.0
    while len(done) < len(prompts):
        decodes = [request for request in inside if request.made]
        mixed, whole = scheduler != "prefill_first", scheduler in ("slots", "single")
        free = limits.step_tokens - (len(decodes) if mixed else 0)
        parts: list[tuple[Request, int]] = []
        for request in [request for request in inside if not request.made]:
            parts.append((request, min(request.prompt - request.computed, free)))
            free -= parts[-1][1]
        blocked = any(request.computed + take < request.prompt for request, take in parts)
        while (
            waiting and waiting[0].queued <= now and not blocked and len(inside) < limits.sequences
        ):
            request = waiting[0]
            if sum(held(step, r) for r in [*inside, request]) > limits.kv_tokens:
                break
            needed = request.prompt - request.computed
            take = needed if whole and not parts else min(needed, free)
            if (whole and take < needed) or take <= 0 or (scheduler == "single" and parts):
                break
            inside.append(waiting.pop(0))
            parts.append((request, take))
            free -= take
            blocked = take < needed
        most = max(most, sum(held(step, r) for r in inside))
        running = decodes if mixed or not parts else []
        if not running and not parts:
            now = waiting[0].queued
            continue
        context = sum(seen_in_decode(step, r) for r in running)
        sums = sum(
            take * float(step.seen(np.array(request.computed + take / 2)))
            for request, take in parts
        )
        now += step.of(len(running), context, sum(take for _, take in parts), sums, len(parts))
        ended = []
        for request in running:
            request.made += 1
            ended += [request] if request.made == request.output else []
        for request, take in parts:
            request.computed += take
            if request.computed == request.prompt:
                request.made, request.first = 1, now
                ended += [request] if request.output == 1 else []
        for request in sorted(ended, key=lambda r: (r.output == 1, r.number)):
            request.finish = now
            inside.remove(request)
            done.append(request)
            count = len(done) + len(inside) + len(waiting)
            if closed and count < len(prompts):
                waiting.append(request_of(count, now + step.front_end))
    return sorted(done, key=lambda request: request.number), most


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    requests=st.integers(1, 40),
    rate=st.floats(0.5, 200),
    sequences=st.integers(1, 12),
    budget=st.integers(13, 600),
    slack=st.integers(0, 2000),
    closed=st.booleans(),
    share=st.sampled_from([0.0, 0.5, 0.99]),
)
def test_it_is_the_step_by_step_simulation(
    scheduler: str,
    seed: int,
    requests: int,
    rate: float,
    sequences: int,
    budget: int,
    slack: int,
    closed: bool,
    share: float,
) -> None:
    random = np.random.RandomState(seed)
    step = (STEP, MOE, WINDOWED, IDLE)[seed % 4]
    prompts, outputs = random.randint(1, 500, size=requests), random.randint(1, 40, size=requests)
    cached = (share * prompts).astype(int)
    extras = BatchExtras(cached_tokens=cached if share else None)
    limits = Limits(int((prompts + outputs).max()) + slack, sequences, budget)
    if closed:
        users = 1 + seed % 7
        served = serve_batches_closed(step, users, prompts, outputs, limits, scheduler, extras)
        queued = [step.front_end / 2] * min(users, requests)
    else:
        arrivals = np.cumsum(random.exponential(1 / rate, size=requests))
        served = serve_batches(step, arrivals, prompts, outputs, limits, scheduler, extras)
        queued = (arrivals + step.front_end / 2).tolist()
    expected, most = naive(step, queued, prompts, outputs, limits, scheduler, closed, cached)
    half = step.front_end / 2
    np.testing.assert_allclose(
        served.arrival, [r.queued - half for r in expected], rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(served.first_token, [r.first + half for r in expected], rtol=1e-9)
    np.testing.assert_allclose(served.finish, [r.finish + half for r in expected], rtol=1e-9)
    assert served.peak_kv == most


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("rate", [2.0, 12.0, 40.0])
def test_what_must_hold_of_any_server(scheduler: str, rate: float) -> None:
    random = np.random.RandomState(3)
    prompts, outputs = draw_workload_lengths(lognormal_workload(800, 150), 1500, random)
    arrivals = workload_unit_arrivals(1500, 2.0, random) / rate
    limits = Limits(60_000, 64, 2048)
    served = serve_batches(
        STEP, arrivals, prompts, outputs, limits, scheduler, extras=BatchExtras(events=True)
    )
    assert served.peak_kv <= limits.kv_tokens
    assert np.all(np.diff(served.first_token) >= 0)  # first come, first served
    own = np.array([STEP.of(0, 0, p, p * p / 2, 1) for p in prompts]) + STEP.front_end
    assert np.all(served.ttft >= own - 1e-9)
    gaps = served.tpot(outputs)
    assert np.nanmin(gaps) >= STEP.of(1, 1) - 1e-12
    assert np.isnan(gaps).sum() == (outputs == 1).sum()
    assert served.busy <= served.finish.max()
    events = served.events
    assert events is not None
    steps, decodes, _, tokens = events.T[:4]
    assert tokens.sum() == prompts.sum()  # every prompt token is computed once
    assert (steps * decodes).sum() == (outputs - 1).sum()  # every later token is decoded once
    assert decodes.max() <= limits.sequences


def test_front_ends_of_their_own_are_served_in_the_order_of_the_queue() -> None:
    """Against the same queue without any front end, whose halves are put on by hand."""
    random = np.random.RandomState(4)
    prompts, outputs = draw_workload_lengths(lognormal_workload(600, 80), 800, random)
    arrivals = workload_unit_arrivals(800, 1.0, random) / 25
    front_ends = 0.2 * draw_front_ends(800, random)  # long, so that requests overtake each other
    limits = Limits(60_000, 64, 2048)
    extras = BatchExtras(front_ends=front_ends)
    served = serve_batches(STEP, arrivals, prompts, outputs, limits, extras=extras)
    order = np.argsort(arrivals + front_ends / 2)
    assert np.any(np.diff(order) < 0)
    bare = dataclasses.replace(STEP, front_end=0.0)
    queued = (arrivals + front_ends / 2)[order]
    inner = serve_batches(bare, queued, prompts[order], outputs[order], limits)
    np.testing.assert_array_equal(served.arrival, arrivals)
    np.testing.assert_allclose(served.first_token[order], inner.first_token + front_ends[order] / 2)
    np.testing.assert_allclose(served.finish[order], inner.finish + front_ends[order] / 2)
    alike = BatchExtras(front_ends=np.full(800, STEP.front_end))
    same = serve_batches(STEP, arrivals, prompts, outputs, limits, extras=alike)
    plain = serve_batches(STEP, arrivals, prompts, outputs, limits)
    np.testing.assert_allclose(same.first_token, plain.first_token)


def test_a_cached_prompt_costs_its_last_token_and_the_reading_of_the_rest() -> None:
    cached = BatchExtras(cached_tokens=np.array([999]))
    one = np.array([1000]), np.array([1]), Limits(2000)
    served = serve_batches(STEP, np.zeros(1), *one, extras=cached)
    assert served.ttft[0] == pytest.approx(STEP.of(0, 0, 1, 999.5, 1) + STEP.front_end)
    assert served.peak_kv == 1001
    for wrong in (1000, -1):
        extras = BatchExtras(cached_tokens=np.array([wrong]))
        with pytest.raises(ValueError, match="at least one token"):
            serve_batches(STEP, np.zeros(1), *one, extras=extras)


def test_littles_law() -> None:
    """Requests in decode, averaged over the time, are their rate times their time in decode."""
    random = np.random.RandomState(5)
    prompts, outputs = draw_workload_lengths(lognormal_workload(500, 200), 3000, random)
    served = serve_batches(
        STEP,
        workload_unit_arrivals(3000, 1.0, random) / 15,
        prompts,
        outputs,
        Limits(300_000),
        "chunked",
        extras=BatchExtras(events=True),
    )
    assert served.events is not None
    m, n, context, tokens, sums, touched, _ = served.events.T
    times = (
        STEP.base(n + tokens) * m
        + STEP.kv * (m * context + n * m * (m - 1) / 2)
        + STEP.attention * sums
    )
    times += STEP.sequence * (n + touched) * m
    assert times.sum() == pytest.approx(served.busy)
    assert (n * times).sum() == pytest.approx((served.finish - served.first_token).sum())


def test_one_prompt_at_a_time_is_the_queue_of_the_textbook() -> None:
    """One sequence, responses of one token, equal prompts: M/D/1, whose mean wait is rho S / (2 (1
    - rho)).
    """
    count = 60_000
    service = STEP.of(0, 0, 700, 700 * 350, 1)
    arrivals = workload_unit_arrivals(count, 1.0, np.random.RandomState(1)) * service / 0.6
    served = serve_batches(
        STEP,
        arrivals,
        np.full(count, 700),
        np.ones(count, dtype=int),
        Limits(2000, sequences=1),
        "slots",
    )
    wait = served.ttft.mean() - service - STEP.front_end
    assert wait == pytest.approx(0.6 * service / (2 * 0.4), rel=0.05)


def test_a_closed_loop_keeps_its_users_busy() -> None:
    prompts, outputs = draw_workload_lengths(fixed(300, 50), 200, np.random.RandomState(0))
    served = serve_batches_closed(STEP, 8, prompts, outputs, Limits(10_000))
    for start in served.arrival[8:]:
        assert np.any(np.isclose(served.finish, start))
    events = sorted(
        [(round(at, 9), 1) for at in served.arrival] + [(round(at, 9), -1) for at in served.finish]
    )
    assert max(np.cumsum([step for _, step in events])) == 8


def test_twice_the_same() -> None:
    random = np.random.RandomState(2)
    prompts, outputs = draw_workload_lengths(lognormal_workload(800, 150), 500, random)
    arrivals = workload_unit_arrivals(500, 3.0, random) / 10
    one, two = (serve_batches(STEP, arrivals, prompts, outputs, Limits(50_000)) for _ in range(2))
    assert np.array_equal(one.finish, two.finish)
    assert np.array_equal(one.first_token, two.first_token)


def test_what_cannot_be_served_is_refused() -> None:
    with pytest.raises(TooLongError):
        serve_batches(STEP, np.zeros(1), np.array([100]), np.array([50]), Limits(149))
    with pytest.raises(TooLongError):
        serve_batches(STEP, np.zeros(1), np.array([0]), np.array([50]), Limits(149))
    with pytest.raises(TooLongError):
        Limits(100, sequences=10, step_tokens=10)
    with pytest.raises(ValueError, match="ascend"):
        serve_batches(STEP, np.array([1.0, 0.0]), np.array([5, 5]), np.array([5, 5]), Limits(100))
    with pytest.raises(ValueError, match="scheduler"):
        serve_batches(STEP, np.zeros(1), np.array([5]), np.array([5]), Limits(100), "fifo")
