"""Continuous batching on one replica, iteration by iteration: when every request gets its first
token and its last.

A step runs all running decodes (one token each) and, by the scheduler, tokens of prompts; it takes
the time that `models.serving.step_time` gives. Requests are served first come, first served. A
waiting request is admitted at the beginning of a step when fewer than `sequences` are running and
the cache holds its whole length, prompt and response, in addition to those that run; nothing is
preempted.
Its first token comes at the end of the step that ends its prompt, its next ones at the ends of the
steps after that.

    chunked         prompts share the step with the decodes, up to `step_tokens` tokens in all, the
                    last prompt cut where that is reached
    prefill_first   steps are of prompts alone (up to step_tokens, cut) as long as one can be
                    admitted; decodes wait
    slots           as chunked, but prompts are never cut: one always enters, more while they fit
                    into step_tokens
    single          as slots, but one prompt per step (fixed lengths in closed loop were seen so
                    under
                    vLLM and TensorRT-LLM)

Event skip: between events (a response ends, a request that can be admitted arrives) the n decodes
stay and their context C grows by n a step, so m steps take m (b(n) + sequence n + kv C) + kv n m (m
- 1) / 2, and the number of steps to an arrival is the root of a quadratic. Where a share w of the
layers sees a window of tokens alone, C grows by (1 - w) n a step; what these layers see of a
request is taken as
constant while it is decoded: its context at half its response, or the window.

Open loop: arrival times are given. Closed loop: `users` requests begin at time 0, and each response
that ends begins the next request. The front end holds a request half its time before it is queued
and half after its tokens; in open loop each request may have a time of its own. Deterministic;
times in seconds.

Of a prompt, the first tokens may be cached (prefix caching): they are not computed and not counted
in a step, later ones attend to them, and the cache holds them for every request.
"""

import heapq
import math
from dataclasses import dataclass, replace

import numpy as np

from models.serving.step_time import StepTime

__all__ = [
    "SCHEDULERS",
    "BatchExtras",
    "BatchedRequests",
    "Limits",
    "TooLongError",
    "serve_batches",
    "serve_batches_closed",
]

SCHEDULERS = ("chunked", "prefill_first", "slots", "single")
TABLE_TOKENS = 16384
"""Steps of up to this many tokens are tabulated; longer ones are worked out one by one."""


class TooLongError(ValueError):
    """A request is longer than the whole cache, or empty."""


@dataclass(frozen=True)
class Limits:
    """Of one replica.

    kv_tokens: tokens that the cache holds; sequences: most that run at once; step_tokens: budget of
    a step.
    """

    kv_tokens: float
    sequences: int = 256
    step_tokens: int = 8192

    def __post_init__(self) -> None:
        if not 1 <= self.sequences < self.step_tokens or self.kv_tokens < 2:
            raise TooLongError(
                f"invalid limits: {self}; at least 1 sequence, fewer than step_tokens, and 2"
                " kv_tokens"
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchExtras:
    """cached_tokens: of each prompt, (R,) whole numbers from 0 and below its tokens, None for none;
    front_ends: the front end's time of each request in open loop, (R,) s, None for that of the
    step; events: keep the log.
    """

    cached_tokens: np.ndarray | None = None
    front_ends: np.ndarray | None = None
    events: bool = False


PLAIN = BatchExtras()


@dataclass(frozen=True, kw_only=True)
class BatchedRequests:
    """Times by request in the order of arrival, (R,) s.

    busy: seconds in steps; peak_kv: tokens; steps: number of steps.

    events: (E, 7) where kept: steps m, decodes n, context C at the first step, prompt tokens p,
    attention sum A, prompts q, begin.
    """

    arrival: np.ndarray
    first_token: np.ndarray
    finish: np.ndarray
    busy: float
    peak_kv: float
    steps: int
    events: np.ndarray | None = None

    @property
    def ttft(self) -> np.ndarray:
        """(R,) s."""
        return self.first_token - self.arrival

    def tpot(self, output_tokens: np.ndarray) -> np.ndarray:
        """(R,) s; NaN where a response has one token."""
        gaps = output_tokens - 1
        return np.divide(
            self.finish - self.first_token, gaps, out=np.full(len(gaps), np.nan), where=gaps > 0
        )


def serve_batches(
    step: StepTime,
    arrivals: np.ndarray,
    prompt_tokens: np.ndarray,
    output_tokens: np.ndarray,
    limits: Limits,
    scheduler: str = "chunked",
    extras: BatchExtras = PLAIN,
) -> BatchedRequests:
    """Serve requests that arrive at given times, (R,) s ascending; whole prompt and output tokens
    from 1, (R,).

    TooLongError when a request can never be admitted.
    """
    arrivals = np.asarray(arrivals, dtype=float)
    if np.any(np.diff(arrivals) < 0):
        raise ValueError("arrival times must ascend")
    if extras.front_ends is None:
        queued = (arrivals + step.front_end / 2).tolist()
        return _serve_batches(step, queued, prompt_tokens, output_tokens, limits, scheduler, extras)
    # Served in the order of the queue; times are given in that of arrival.
    half = extras.front_ends / 2
    order = np.argsort(arrivals + half, kind="stable")
    cached = None if extras.cached_tokens is None else extras.cached_tokens[order]
    served = _serve_batches(
        replace(step, front_end=0.0),
        (arrivals + half)[order].tolist(),
        np.asarray(prompt_tokens)[order],
        np.asarray(output_tokens)[order],
        limits,
        scheduler,
        replace(extras, cached_tokens=cached),
    )
    back = np.argsort(order, kind="stable")
    return replace(
        served,
        arrival=arrivals,
        first_token=served.first_token[back] + half,
        finish=served.finish[back] + half,
    )


def serve_batches_closed(
    step: StepTime,
    users: int,
    prompt_tokens: np.ndarray,
    output_tokens: np.ndarray,
    limits: Limits,
    scheduler: str = "chunked",
    extras: BatchExtras = PLAIN,
) -> BatchedRequests:
    """Serve R requests of `users` users who all begin at time 0 and send the next one as soon as
    they are answered.
    """
    queued = [step.front_end / 2] * min(users, len(prompt_tokens))
    return _serve_batches(
        step, queued, prompt_tokens, output_tokens, limits, scheduler, extras, closed=True
    )


def _serve_batches(  # noqa: C901, PLR0913 - one loop that runs millions of times: calls would cost more
    step: StepTime,
    queued: list[float],
    prompt_tokens: np.ndarray,
    output_tokens: np.ndarray,
    limits: Limits,
    scheduler: str,
    extras: BatchExtras,
    *,
    closed: bool = False,
) -> BatchedRequests:
    """One loop, one pass per event; written out because it runs millions of times.

    queued: times at which requests reach the queue, s; closed: a request that ends is followed by
    the next one.
    """
    if scheduler not in SCHEDULERS:
        raise ValueError(f"scheduler {scheduler!r} is none of {', '.join(SCHEDULERS)}")
    prompts, outputs = np.asarray(prompt_tokens).tolist(), np.asarray(output_tokens).tolist()
    total = len(prompts)
    _check_batch_lengths(step, prompt_tokens, output_tokens, limits)
    keep, cached = extras.events, extras.cached_tokens
    known = [0] * total if cached is None else cached.tolist()
    if cached is not None and np.any((cached < 0) | (cached >= np.asarray(prompt_tokens))):
        raise ValueError("of every prompt at least one token must be computed")
    size = max(limits.step_tokens, TABLE_TOKENS) + limits.sequences + 1
    base = step.base(np.arange(size, dtype=float)).tolist()
    # Beside idle neighbours a step's slowdown depends on its tokens.
    slowed = step.idle_share != 1
    with_prompts = step.stretch(0, np.arange(1, size + 1)).tolist() if slowed else []
    of_decodes = step.stretch(np.arange(size), 0).tolist() if slowed else []
    kv, per_attention, per_sequence, front = step.kv, step.attention, step.sequence, step.front_end
    whole_layers, window = 1 - step.windowed, step.window
    windowed = (
        (step.windowed * np.minimum(prompt_tokens + np.asarray(output_tokens) / 2, window)).tolist()
        if step.windowed
        else [0] * total
    )
    held = np.asarray(step.seen(np.add(prompt_tokens, output_tokens))).tolist()
    most, budget, room = limits.sequences, limits.step_tokens, limits.kv_tokens
    mixed, whole, single = (
        scheduler != "prefill_first",
        scheduler in ("slots", "single"),
        scheduler == "single",
    )
    first, finish = [0.0] * total, [0.0] * total
    ends: list[int] = []  # heap of (decode step at which the last token comes) * total + request
    push, pop = heapq.heappush, heapq.heappop
    now, busy, peak, used, context = 0.0, 0.0, 0.0, 0.0, 0.0
    running, decoded, steps, done, begun = (
        0,
        0,
        0,
        0,
        0,
    )  # running: decodes; begun: requests whose prompt is begun
    cut = 0  # tokens cached or computed of the prompt that was begun last; 0: it is complete
    log: list[tuple[float, ...]] = []
    while done < total:
        # ---- prompts that enter this step
        tokens, sums, touched = 0, 0.0, 0
        ended: list[int] = []
        free = budget - running if mixed else budget
        if cut:
            one = begun - 1
            take = prompts[one] - cut
            if take > free:
                take = free
            mean = cut + take / 2
            sums = take * (mean if mean <= window else whole_layers * mean + step.windowed * window)
            tokens, touched = take, 1
            cut += take
            if cut == prompts[one]:
                ended.append(one)
                cut = 0
        if not cut:
            while begun < len(queued) and queued[begun] <= now and running + touched < most:
                length = prompts[begun] - known[begun]
                if used + held[begun] > room:
                    break
                take = length
                if tokens and single:
                    break
                if tokens + take > free:
                    if whole:
                        if tokens:
                            break
                    else:
                        take = free - tokens
                        if take <= 0:
                            break
                used += held[begun]
                tokens += take
                mean = known[begun] + take / 2
                sums += take * (
                    mean if mean <= window else whole_layers * mean + step.windowed * window
                )
                touched += 1
                begun += 1
                if take < length:
                    cut = known[begun - 1] + take
                    break
                ended.append(begun - 1)
            if used > peak:
                peak = used
        if touched:
            # ---- one step with prompts
            along = running if mixed else 0
            at = tokens + along
            lasted = (
                (base[at] if at < size else float(step.base(np.array(float(at)))))
                + per_attention * sums
                + per_sequence * (along + touched)
            )
            if along:
                lasted += kv * context
            if slowed:
                lasted *= with_prompts[at - 1] if at <= size else float(step.stretch(along, tokens))
            if keep:
                log.append((1, along, context if along else 0, tokens, sums, touched, now))
            now += lasted
            busy += lasted
            steps += 1
            if along:
                decoded += 1
                context += whole_layers * along
        elif running:
            # ---- decodes alone, to the next event. Between events the step time is linear in the
            # step's number, so that m steps have a closed form: the loop is as long as the events.
            m = ends[0] // total - decoded
            a = base[running] + per_sequence * running + kv * context
            b = kv * whole_layers * running
            if slowed:
                a, b = a * of_decodes[running], b * of_decodes[running]
            lasted = m * a + b * (m * (m - 1) // 2)
            if (
                m > 1
                and begun < len(queued)
                and now + lasted > queued[begun]
                and running < most
                and used + held[begun] <= room
            ):
                gap = queued[begun] - now
                if b > 0:
                    # the least m whose steps last until the next request arrives
                    half = a - b / 2
                    m = (
                        math.ceil((math.sqrt(half * half + 2 * b * gap) - half) / b)
                        if gap > 0
                        else 1
                    )
                else:
                    m = math.ceil(gap / a)
                m = max(m, 1)
                lasted = m * a + b * (m * (m - 1) // 2)
            if keep:
                log.append((m, running, context, 0, 0.0, 0, now))
            now += lasted
            busy += lasted
            steps += m
            decoded += m
            context += whole_layers * running * m
        else:
            now = max(now, queued[begun])
            used = context = 0.0  # nothing runs: what rounding has left of sums goes
            continue
        # ---- responses that end with this step, in the order of requests; then first tokens
        while ends and ends[0] // total == decoded:
            one = pop(ends) % total
            finish[one] = now
            running -= 1
            context -= whole_layers * (prompts[one] + outputs[one]) + windowed[one]
            used -= held[one]
            done += 1
            if closed and len(queued) < total:
                queued.append(now + front)
        for one in ended:
            first[one] = now
            if outputs[one] > 1:
                push(ends, (decoded + outputs[one] - 1) * total + one)
                running += 1
                context += whole_layers * (prompts[one] + 1) + windowed[one]
            else:
                finish[one] = now
                used -= held[one]
                done += 1
                if closed and len(queued) < total:
                    queued.append(now + front)
    half_way = front / 2
    return BatchedRequests(
        arrival=np.array(queued) - half_way,
        first_token=np.array(first) + half_way,
        finish=np.array(finish) + half_way,
        busy=busy,
        peak_kv=float(peak),
        steps=steps,
        events=np.array(log) if keep else None,
    )


def _check_batch_lengths(
    step: StepTime, prompt_tokens: np.ndarray, output_tokens: np.ndarray, limits: Limits
) -> None:
    prompts, outputs = np.asarray(prompt_tokens), np.asarray(output_tokens)
    if prompts.size and (
        min(prompts.min(), outputs.min()) < 1
        or step.seen(prompts + outputs).max() > limits.kv_tokens
    ):
        longest = int((prompts + outputs).max())
        raise TooLongError(
            f"requests need 1 token at least and {limits.kv_tokens:.0f} at most; the longest has"
            f" {longest}"
        )
