"""The router: which LLM answers a prompt, by the dual prices of a plan.

numpy at most and nothing of this project: the file is copied, unchanged, next to the
`router_policy.json` that it reads.

With scores s_i(x), dual prices alpha_i (score units; none = never chosen), corrections c_i (0 until
`Router.correct` is called)::

    best     y0(x) = the LLM of the highest s_i(x) - alpha_i
    tie      LLMs within tie_eps of the highest share the prompt as the policy states: y0(x) = that
             split (a group of LLMs that it does not state: in proportion to their fallback weights)
    missing  no finite score of an LLM that could be chosen: y0(x) = the fallback weights, all of
             them
    chosen   one LLM with the probabilities y(x), by draw(prompt_id) in [0, 1): the same prompt_id,
             the same LLM, on any machine

Without corrections y = y0. With them, and a ramp J > 0 (score units), y(x) is the point of the
simplex nearest to y0(x) + net(x) / J,

    net_i = s_i - alpha_i - c_i,     y(x) = argmax over the simplex of  net . y - J/2 |y - y0(x)|^2

so a prompt moves to another LLM only when the corrections outweigh the margin by which it was
decided, and then over a ramp of width J. The mean of y is minus the gradient of a convex function
of c, and changes by at most 1/J per score unit *for any scores* (discrete ones with
their jumps at ties included). So the rule

    c_i <- clip(c_i + gain (measured fraction_i - planned fraction_i), -limit, limit)

is gradient descent on that function less c . planned fractions, and settles for every 0 < gain < 2
J.

A plan of classes and cases has a policy of version 2: such prices for every class in every case
(with lost nodes for every loss), and of each LLM the *lanes*, replicas that share its requests in
stated parts. `CellRouter` holds a `Router` for each; a request's class is what the gateway tells,
its case what `use` or `at_rates` was called with, its lane a draw by prompt_id of its own.
"""

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from zlib import crc32

import numpy as np

__all__ = [
    "CellChoice",
    "CellRouter",
    "Decision",
    "PolicyError",
    "Router",
    "RouterRow",
    "router_draw",
    "router_draws",
]

RULE = "argmax(score - alpha)"
SUMS_TO_ONE = 1e-6
MOST_LLMS = 62
"""Sets of tied LLMs are bits of a 64-bit integer."""
BLOCK = 1 << 15
"""Prompts that are decided at once: what a processor's cache holds."""

LARGEST = 1e300
"""Numbers beyond it are none that arithmetic can take; whole ones may have any length in JSON."""

ODD = 0x9E3779B97F4A7C15
FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
ALL_BITS = (1 << 64) - 1


class PolicyError(ValueError):
    """The policy cannot be used; the message lists every fault, one a line, with its place."""


def router_draw(prompt_id: str) -> float:
    """A number in [0, 1) that depends on the text alone: CRC-32 of its UTF-8, mixed by SplitMix64
    (Steele, Lea, Flood 2014).
    """
    bits = (_checksum(prompt_id) + ODD) & ALL_BITS
    bits = ((bits ^ (bits >> 30)) * FIRST) & ALL_BITS
    bits = ((bits ^ (bits >> 27)) * SECOND) & ALL_BITS
    return float((bits ^ (bits >> 31)) >> 11) * 2.0**-53


def router_draws(prompt_ids: Iterable[str]) -> np.ndarray:
    """`router_draw` of many: (N,)."""
    bits = np.array([_checksum(one) for one in prompt_ids], dtype=np.uint64) + np.uint64(ODD)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(FIRST)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(SECOND)
    return ((bits ^ (bits >> np.uint64(31))) >> np.uint64(11)).astype(float) * 2.0**-53


def _checksum(prompt_id: str) -> int:
    return crc32(str(prompt_id).encode("utf-8", "surrogatepass"))


# ---------------------------------------------------------------- prices


@dataclass(frozen=True)
class RouterRow:
    """Prices for one arrival rate (req/s).

    alpha: score units, inf = never chosen; weights: planned fractions; both by `Router.llms`.

    splits: bits of the tied LLMs -> (M,) their shares, sum 1. kept_from: req/s down to which these
    prices keep the SLOs.
    """

    rate: float
    alpha: tuple[float, ...]
    weights: tuple[float, ...]
    splits: Mapping[int, tuple[float, ...]]
    kept_from: float = 0.0

    def split(self, tied: int) -> Sequence[float]:
        """y0 of a prompt whose best LLMs are these bits: (M,)."""
        stated = self.splits.get(tied)
        if stated is not None:
            return stated
        parts = [weight if tied >> k & 1 else 0.0 for k, weight in enumerate(self.weights)]
        total = 0.0
        for part in parts:
            total += part
        if total == 0.0:
            return [(tied >> k & 1) / tied.bit_count() for k in range(len(parts))]
        return [part / total for part in parts]

    def split_many(self, close: np.ndarray) -> np.ndarray:
        """`split` of every column of close (M, K), which says what is best."""
        parts = close * np.array(self.weights)[:, None]
        total = parts.cumsum(axis=0)[-1]  # not sum: it adds in another order than `split`
        shares = np.where(
            total > 0.0, parts / np.where(total > 0.0, total, 1.0), close / close.sum(axis=0)
        )
        bits = (close * (1 << np.arange(len(self.weights), dtype=np.int64))[:, None]).sum(axis=0)
        for tied, stated in self.splits.items():
            shares[:, bits == tied] = np.array(stated)[:, None]
        return shares


@dataclass(frozen=True)
class Decision:
    """Why a prompt goes to its LLM.

    why: best | tie | corrected | fallback. net: score - price - correction; tied: as to the policy.

    shares: probabilities of the LLMs; draw: the number in [0, 1) that picked one.
    """

    llm: str
    why: str
    net: Mapping[str, float]
    tied: tuple[str, ...]
    shares: Mapping[str, float]
    draw: float


class Router:
    """A policy at work.

    llms: those that can be chosen at some rate; every position in results is one of them.

    Not for several threads at once: whoever chooses also calls `correct` and `at_rate`.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        """Take the content of a router_policy.json; PolicyError with every fault."""
        policy = _RouterPolicy(content)
        self.llms, self.rows, self.tie_eps = policy.llms, policy.rows, policy.tie_eps
        self.ramp, self.gain, self.limit = policy.correction
        self.plan_hash = str(content.get("plan_hash", ""))
        self.overloaded = False
        self._c = [0.0] * len(self.llms)
        self._corrected = False
        self._use(policy.planned)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Router":
        """Read a router_policy.json; PolicyError when it is unreadable or faulty."""
        return _load_router_policy(path, cls)

    # ---------------------------------------------------------------- one prompt

    def choose(self, scores: Mapping[str, float], prompt_id: str) -> str:
        """The LLM of one prompt.

        scores: by LLM; prompt_id: any text that identifies the request; it decides ties.
        """
        net = self._router_net_scores(scores)
        if net is None:
            return self.fallback(prompt_id)
        best = self._router_best(net)
        if not self._corrected and not best & (best - 1):
            return self.llms[best.bit_length() - 1]
        return self.llms[_pick_by_router(self._router_shares(best, net), router_draw(prompt_id))]

    def fallback(self, prompt_id: str) -> str:
        """The LLM of a prompt without scores: by the fallback weights."""
        return self.llms[_pick_by_router(self.row.weights, router_draw(prompt_id))]

    def explain(self, scores: Mapping[str, float], prompt_id: str) -> Decision:
        """`choose` with its reasons."""
        net, number = self._router_net_scores(scores), router_draw(prompt_id)
        if net is None:
            shares: Sequence[float] = self.row.weights
            return Decision(
                self.fallback(prompt_id),
                "fallback",
                {},
                (),
                dict(zip(self.llms, shares, strict=True)),
                number,
            )
        best = self._router_best(net)
        shares, start = self._router_shares(best, net), self.row.split(best)
        tied = [name for k, name in enumerate(self.llms) if best >> k & 1]
        moved = any(abs(a - b) > SUMS_TO_ONE for a, b in zip(shares, start, strict=True))
        return Decision(
            self.llms[_pick_by_router(shares, number)],
            "corrected" if moved else "tie" if len(tied) > 1 else "best",
            {
                name: value - c
                for name, value, c in zip(self.llms, net, self._c, strict=True)
                if value > -math.inf
            },
            tuple(tied) if len(tied) > 1 else (),
            dict(zip(self.llms, shares, strict=True)),
            number,
        )

    def _router_net_scores(self, scores: Mapping[str, float]) -> list[float] | None:
        """Score - price, -inf where there is no price; None where a score is missing or is no
        number that arithmetic can take.
        """
        net = []
        try:
            for name, price in self._prices:
                if price == math.inf:
                    net.append(-math.inf)
                    continue
                score = scores.get(name)
                if score is None or not math.isfinite(score):
                    return None
                net.append(float(score) - price)
        except (TypeError, ValueError, OverflowError):  # text, a list, 10**400
            return None
        return net

    def _router_best(self, net: Sequence[float]) -> int:
        """The LLMs within tie_eps of the best, as bits."""
        edge, bits, bit = max(net) - self.tie_eps, 0, 1
        for value in net:
            if value >= edge:
                bits |= bit
            bit += bit
        return bits

    def _router_shares(self, best: int, net: Sequence[float]) -> Sequence[float]:
        """y of a prompt."""
        start = self.row.split(best)
        if not self._corrected:
            return start
        after = [value - c for value, c in zip(net, self._c, strict=True)]
        if not best & (best - 1) and after[best.bit_length() - 1] >= max(after):
            return start
        return _nearest_router_shares(
            [y + value / self.ramp for y, value in zip(start, after, strict=True)]
        )

    # ---------------------------------------------------------------- many prompts

    def choose_many(
        self, scores: Mapping[str, Sequence[float] | np.ndarray], prompt_ids: Iterable[str]
    ) -> np.ndarray:
        """The LLMs (N,) of many prompts, as positions in `self.llms`: what `choose` says of each.

        scores: (N,) by LLM, nan = missing. ValueError where an LLM with a price has none, or sizes
        differ.
        """
        values, ids = self._router_values(scores), list(prompt_ids)
        if len(ids) != values.shape[1]:
            raise ValueError(f"{len(ids)} prompt ids for {values.shape[1]} scores")
        chosen = np.empty(len(ids), dtype=np.intp)
        for first in range(0, len(ids), BLOCK):
            best, tied, shares = self._router_decide(values[:, first : first + BLOCK])
            best[tied] = _pick_many(shares, router_draws([ids[first + k] for k in tied.tolist()]))
            chosen[first : first + BLOCK] = best
        return chosen

    def shares(self, scores: Mapping[str, Sequence[float] | np.ndarray]) -> np.ndarray:
        """(M, N) probability of every LLM for every prompt: the average of `choose` over
        prompt ids.
        """
        values = self._router_values(scores)
        whole = np.zeros((len(self.llms), values.shape[1]))
        for first in range(0, values.shape[1], BLOCK):
            best, tied, shares = self._router_decide(values[:, first : first + BLOCK])
            whole[best, first + np.arange(best.size)] = 1.0
            whole[:, first + tied] = shares
        return whole

    def _router_values(self, scores: Mapping[str, Sequence[float] | np.ndarray]) -> np.ndarray:
        """(M, N) scores of the LLMs with a price; arbitrary for the others."""
        missing = [name for name, price in self._prices if price < math.inf and name not in scores]
        if missing:
            raise ValueError(f"no scores of {', '.join(missing)}")
        given = {
            name: np.asarray(scores[name], dtype=float)
            for name, price in self._prices
            if price < math.inf
        }
        if len({one.shape for one in given.values()}) > 1 or any(
            one.ndim != 1 for one in given.values()
        ):
            raise ValueError(
                "as many scores for each LLM, in one row: got"
                f" {', '.join(str(one.shape) for one in given.values())}"
            )
        blank = np.zeros_like(next(iter(given.values())))
        return np.array([given.get(name, blank) for name in self.llms])

    def _router_decide(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The best LLM (N,); positions (K,) of prompts that the best alone does not decide, and
        their shares (M, K).
        """
        net = np.full(values.shape, -np.inf)
        known = np.ones(values.shape[1], dtype=bool)
        for k, price in enumerate(self.row.alpha):
            if price < math.inf:
                known &= np.isfinite(values[k])
                np.subtract(values[k], price, out=net[k])
        net[:, ~known] = 0.0
        best, top = net.argmax(axis=0), net.max(axis=0)
        close = net >= top - self.tie_eps
        alone = known & (close.sum(axis=0) == 1)
        if self._corrected:
            net -= np.array(self._c)[:, None]
            alone &= net[best, np.arange(best.size)] >= net.max(axis=0)
        tied = np.flatnonzero(~alone)
        shares = self.row.split_many(close[:, tied])
        if self._corrected:
            shares = _nearest_router_shares_many(shares + net[:, tied] / self.ramp)
        shares[:, ~known[tied]] = np.array(self.row.weights)[:, None]
        return best, tied, shares

    # ---------------------------------------------------------------- load

    def _use(self, row: RouterRow) -> None:
        self.row = row
        self._prices = list(zip(self.llms, row.alpha, strict=True))

    def at_rate(self, rps: float) -> RouterRow:
        """Take the prices of the next higher rate of the price table that keep the SLOs at this
        one, and return it.

        Not interpolated: with the row above, the same fractions meet lower rates, which on rising
        curves keeps every SLO; prices between two rows may send any fractions. Beyond the highest
        row: that row, and `overloaded`. Without a table the prices stay. ValueError for a rate that
        is no number >= 0.
        """
        if not (math.isfinite(rps) and rps >= 0):
            raise ValueError(f"a rate is a number of 0 or more, got {rps!r}")
        if self.rows:
            above = [row for row in self.rows if row.rate >= rps * (1 - 1e-9)]
            self.overloaded = not above
            fit = [row for row in above if row.kept_from <= rps] or above or [self.rows[-1]]
            self._use(fit[0])
        return self.row

    def correct(self, measured: Mapping[str, float]) -> None:
        """Move the prices one step by what each LLM got in the last interval (requests or req/s; a
        name that is missing got none).

        An LLM above its planned fraction becomes more expensive, one below cheaper. Nothing
        happens in an interval without requests. ValueError for a policy without correction, an
        unknown LLM, or a count that is no number >= 0.
        """
        if not self.ramp:
            raise ValueError("this policy states no correction")
        strangers = [name for name in measured if name not in self.llms]
        if strangers or not all(math.isfinite(count) and count >= 0 for count in measured.values()):
            raise ValueError(
                f"measured: a number of 0 or more for LLMs among {', '.join(self.llms)}, got"
                f" {dict(measured)!r}"
            )
        total = float(sum(measured.values()))
        if total == 0.0:
            return
        for k, (name, price) in enumerate(self._prices):
            if price < math.inf:
                moved = self._c[k] + self.gain * (
                    measured.get(name, 0.0) / total - self.row.weights[k]
                )
                self._c[k] = min(max(moved, -self.limit), self.limit)
        self._corrected = any(self._c)

    @property
    def corrections(self) -> dict[str, float]:
        """What is added to each LLM's price now, score units."""
        return dict(zip(self.llms, self._c, strict=True))

    def reset(self) -> None:
        """Forget all corrections."""
        self._c = [0.0] * len(self.llms)
        self._corrected = False


# ---------------------------------------------------------------- classes and cases


@dataclass(frozen=True)
class CellChoice:
    """Where a request goes: the LLM, and the name of one of its lanes."""

    llm: str
    lane: str


@dataclass(frozen=True)
class _RouterCell:
    """A class in a state of a case. lanes: by LLM, names and their parts, which sum to 1."""

    router: Router
    lanes: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]]


class CellRouter:
    """A policy of version 2 at work: the prices of every class in every case.

    classes, cases: names in the plan's order; default_class: of requests whose class is unknown;
    case, loss: those in use, at first the first case without lost nodes.

    Not for several threads at once, as `Router`.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        """Take the content of a router_policy.json of version 2; PolicyError with every fault."""
        policy = _CellPolicy(content)
        self.classes, self.default_class = policy.classes, policy.default_class
        self.cases, self.rates, self.setups = policy.cases, policy.rates, policy.setups
        self.losses = policy.losses
        self.plan_hash = str(content.get("plan_hash", ""))
        self.overloaded = False
        self._cells = policy.cells
        whole = [case for case in self.cases if not self.losses_of(case)]
        first = (whole or list(self.cases))[0]
        self.use(first, None if whole else self.losses_of(first)[0])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "CellRouter":
        """Read a router_policy.json; PolicyError when it is unreadable or faulty."""
        return _load_router_policy(path, cls)

    def losses_of(self, case: str) -> list[int]:
        """Positions of the losses of nodes of a case."""
        return [k for k, (of, _) in enumerate(self.losses) if of == case]

    def use(self, case: str, loss: int | None = None) -> None:
        """Route by the prices of a case from now on, with lost nodes by those of one loss.

        ValueError for an unknown case or loss, or a loss that is missing.
        """
        if case not in self.cases:
            raise ValueError(f"unknown case {case!r}; there are {', '.join(self.cases)}")
        known: list[int | None] = [*self.losses_of(case)] or [None]
        if loss not in known:
            raise ValueError(f"loss {loss!r} of case {case}: expected one of {known}")
        self.case, self.loss = case, loss

    def at_rates(self, rps: Mapping[str, float]) -> str:
        """Use the case with no lower rate of any class than these (req/s), that of the lowest
        rate in all, and return its name.

        Within it the SLOs of every class are kept where curves rise; those over all classes
        together are not promised, as the mix is another one. Cases with lost nodes are not taken.
        Where none is high enough: that of the highest rate in all, and `overloaded`. ValueError
        for an unknown class or a rate that is no number >= 0.
        """
        strangers = [name for name in rps if name not in self.classes]
        if strangers or not all(math.isfinite(rate) and rate >= 0 for rate in rps.values()):
            raise ValueError(
                f"rates: a number of 0 or more for classes among {', '.join(self.classes)}, got"
                f" {dict(rps)!r}"
            )
        whole = [case for case in self.cases if not self.losses_of(case)]
        if not whole:
            raise ValueError("every case of this policy loses nodes")
        total = {case: sum(self.rates[case].values()) for case in whole}
        enough = [
            case
            for case in whole
            if all(
                self.rates[case].get(name, 0.0) >= rate * (1 - 1e-9) for name, rate in rps.items()
            )
        ]
        self.overloaded = not enough
        self.use(
            min(enough, key=total.__getitem__) if enough else max(whole, key=total.__getitem__)
        )
        return self.case

    def router(self, request_class: str | None = None) -> Router:
        """The prices of a class in the case in use, to explain or to correct; LookupError as
        `choose`.
        """
        return self._router_cell(request_class).router

    def choose(
        self, scores: Mapping[str, float], prompt_id: str, request_class: str | None = None
    ) -> CellChoice:
        """LLM and lane of one prompt of a class, in the case in use.

        An unknown class counts as the default one. A class that sends nothing in this case is
        routed as in another one of the same setup; LookupError where there is none.
        """
        cell = self._router_cell(request_class)
        llm = cell.router.choose(scores, prompt_id)
        return CellChoice(llm, _lane_of_router_cell(cell, llm, prompt_id))

    def lane(self, llm: str, prompt_id: str, request_class: str | None = None) -> str:
        """The lane of an LLM that gets one prompt of a class; LookupError as `choose`, and for an
        LLM that gets nothing of the class.
        """
        return _lane_of_router_cell(self._router_cell(request_class), llm, prompt_id)

    def _router_cell(self, request_class: str | None) -> _RouterCell:
        name = request_class if request_class in self.classes else self.default_class
        state = self.case, self._routed(self.loss)
        here = self._cells.get((name, *state))
        if here is not None:
            return here
        setup = self.setups[self.case]
        for (other, case, loss), cell in self._cells.items():
            if other == name and loss is None and self.setups[case] == setup:
                return cell
        raise LookupError(f"the plan routes no requests of class {name} in case {self.case}")

    def _routed(self, loss: int | None) -> int | None:
        """The loss whose routing serves for a loss."""
        return loss if loss is None or self.losses[loss][1] is None else self.losses[loss][1]


def _lane_of_router_cell(cell: _RouterCell, llm: str, prompt_id: str) -> str:
    names, parts = cell.lanes.get(llm, ((), ()))
    if not names:
        raise LookupError(f"{llm} has no lane for this class and case")
    # A number of its own: that of the prompt has decided its tie already.
    return names[_pick_by_router(parts, router_draw(f"{prompt_id}\0lane"))]


# ---------------------------------------------------------------- shares


def _pick_by_router(shares: Sequence[float], number: float) -> int:
    """The LLM on whose part of [0, 1) the number lies."""
    total, last = 0.0, 0
    for k, share in enumerate(shares):
        if share > 0.0:
            total += share
            last = k
            if number < total:
                return k
    return last


def _pick_many(shares: np.ndarray, number: np.ndarray) -> np.ndarray:
    """`_pick_by_router` of every column: (K,)."""
    last = shares.shape[0] - 1 - (shares[::-1] > 0).argmax(axis=0)
    return np.minimum((number >= shares.cumsum(axis=0)).sum(axis=0), last)


def _nearest_router_shares(points: Sequence[float]) -> list[float]:
    """Euclidean projection on {y >= 0, sum y = 1}."""
    least = max(points) - 1.0  # no point below has a share
    total = level = 0.0
    for count, point in enumerate(
        sorted((point for point in points if point > least), reverse=True), 1
    ):
        total += point
        if point > (total - 1.0) / count:
            level = (total - 1.0) / count
    return [point - level if point > level else 0.0 for point in points]


def _nearest_router_shares_many(points: np.ndarray) -> np.ndarray:
    """`_nearest_router_shares` of every column."""
    high = -np.sort(-points, axis=0)
    levels = (high.cumsum(axis=0) - 1.0) / np.arange(1, points.shape[0] + 1)[:, None]
    sharing = (high > levels) & (high > high[0] - 1.0)
    level = levels[sharing.cumsum(axis=0).argmax(axis=0), np.arange(points.shape[1])]
    return np.maximum(points - level, 0.0)


# ---------------------------------------------------------------- reading a policy


class _RouterPolicy:
    """What a policy says, with every fault."""

    def __init__(self, content: Any) -> None:
        self.faults: list[str] = []
        content = (
            content
            if self._expect(
                "policy", content, "a table of names", good=isinstance(content, Mapping)
            )
            else {}
        )
        self._expect("version", content.get("version"), "1", good=content.get("version") == 1)
        self._expect("rule", content.get("rule"), RULE, good=content.get("rule") == RULE)
        rows = self._kept_router_rows(content.get("price_table"))
        alphas = [one["alpha"] for one in (content, *rows) if isinstance(one.get("alpha"), Mapping)]
        self.llms = tuple(
            dict.fromkeys(
                name for alpha in alphas for name, price in alpha.items() if price is not None
            )
        )
        self._expect(
            "alpha",
            alphas[:1],
            f"1 to {MOST_LLMS} LLMs with a price",
            good=0 < len(self.llms) <= MOST_LLMS,
        )
        valid = content.get("valid_for")
        rate = valid.get("arrival_rate_rps") if isinstance(valid, Mapping) else None
        self.planned = self._router_row(
            "", content, "valid_for.arrival_rate_rps", rate, "fallback_weights"
        )
        self.rows = tuple(
            self._router_row(
                f"price_table.rows.{k}.",
                row,
                f"price_table.rows.{k}.rate_rps",
                row.get("rate_rps"),
                "weights",
            )
            for k, row in enumerate(rows)
        )
        rates = [row.rate for row in self.rows]
        self._expect("price_table.rows", rates, "rates that rise", good=rates == sorted(set(rates)))
        self.tie_eps = self._router_number("tie_eps", content.get("tie_eps", 0.0))
        self.correction = self._router_correction(content.get("correction"))
        if self.faults:
            raise PolicyError("\n".join(self.faults))

    def _expect(self, where: str, value: Any, wanted: str, *, good: bool) -> bool:
        if not good:
            self.faults.append(f"{where}: expected {wanted}, got {ascii(value)[:100]}")
        return good

    def _router_number(self, where: str, value: Any) -> float:
        return (
            float(value)
            if self._expect(
                where, value, "a number of 0 or more", good=_is_number(value) and value >= 0
            )
            else 0.0
        )

    def _kept_router_rows(self, table: Any) -> list[Mapping[str, Any]]:
        """Rows of the price table whose SLOs are kept, unchanged."""
        rows: Any = (
            [] if table is None else table.get("rows") if isinstance(table, Mapping) else None
        )
        good = isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows)
        return (
            [row for row in rows if row.get("slo_kept") is True]
            if self._expect("price_table", table, "rows, a list", good=good)
            else []
        )

    def _router_row(
        self, where: str, content: Mapping[str, Any], rate_key: str, rate: Any, weights_key: str
    ) -> RouterRow:
        """One set of prices; after a fault, what could be read."""
        stated: Any = content.get("alpha")
        good: bool = isinstance(stated, Mapping) and all(
            price is None or _is_number(price) for price in stated.values()
        )
        alpha = (
            stated
            if self._expect(f"{where}alpha", stated, "a price or null for each LLM", good=good)
            else {}
        )
        prices = {name: float(price) for name, price in alpha.items() if price is not None}
        weights = self._router_policy_shares(where + weights_key, content.get(weights_key), prices)
        splits = self._router_splits(f"{where}ties", content.get("ties"), prices)
        kept_from = self._router_number(
            f"{where}kept_from_rps", content.get("kept_from_rps") or 0.0
        )
        return RouterRow(
            self._router_number(rate_key, rate),
            tuple(prices.get(name, math.inf) for name in self.llms),
            weights,
            splits,
            kept_from,
        )

    def _router_policy_shares(
        self, where: str, stated: Any, prices: Mapping[str, float]
    ) -> tuple[float, ...]:
        """Shares (M,) of the LLMs, brought to sum 1; 0 after a fault."""
        good: bool = isinstance(stated, Mapping) and all(
            _is_number(share) and share >= 0 for share in stated.values()
        )
        good = (
            good
            and abs(sum(stated.values()) - 1.0) <= SUMS_TO_ONE
            and all(name in prices for name, share in stated.items() if share)
        )
        if not self._expect(
            where, stated, "shares of 0 or more of LLMs with a price, 1 in all", good=good
        ):
            return (0.0,) * len(self.llms)
        return tuple(float(stated.get(name, 0.0)) / sum(stated.values()) for name in self.llms)

    def _router_splits(
        self, where: str, ties: Any, prices: Mapping[str, float]
    ) -> dict[int, tuple[float, ...]]:
        """Shares by the bits of the tied LLMs."""
        splits: dict[int, tuple[float, ...]] = {}
        for k, tie in enumerate(
            ties if self._expect(where, ties, "a list", good=isinstance(ties, list)) else []
        ):
            names: Any = tie.get("llms") if isinstance(tie, Mapping) else None
            split: Any = tie.get("split") if isinstance(tie, Mapping) else None
            good: bool = (
                isinstance(names, list)
                and isinstance(split, list)
                and all(isinstance(name, str) for name in names)
            )
            good = (
                good
                and len(set(names)) == len(names) == len(split) > 1
                and all(name in prices for name in names)
            )
            if self._expect(
                f"{where}.{k}",
                tie,
                "two or more LLMs with a price, each once, and as many shares",
                good=good,
            ):
                tied = sum(1 << self.llms.index(name) for name in names)
                self._expect(
                    f"{where}.{k}.llms",
                    names,
                    "LLMs that are not listed above",
                    good=tied not in splits,
                )
                splits[tied] = self._router_policy_shares(
                    f"{where}.{k}.split", dict(zip(names, split, strict=True)), prices
                )
        return splits

    def _router_correction(self, stated: Any) -> tuple[float, float, float]:
        """Ramp, gain, limit; zeros without a correction."""
        values: list[Any] = (
            [stated.get(key) for key in ("ramp", "gain", "limit")]
            if isinstance(stated, Mapping)
            else [None]
        )
        good = stated is None or all(_is_number(value) and value > 0 for value in values)
        if (
            not self._expect(
                "correction", stated, "null, or ramp, gain and limit above 0", good=good
            )
            or stated is None
        ):
            return 0.0, 0.0, 0.0
        ramp, gain, limit = map(float, values)
        self._expect(
            "correction.gain",
            gain,
            f"less than twice the ramp, {2 * ramp:g}: at more the prices swing",
            good=gain < 2 * ramp,
        )
        return ramp, gain, limit


class _CellPolicy:
    """What a policy of version 2 says, with every fault."""

    def __init__(self, content: Any) -> None:
        self.faults: list[str] = []
        content = content if isinstance(content, Mapping) else {}
        self._expect("version", content.get("version"), "2", good=content.get("version") == 2)
        cases = self._named_rows("cases", content.get("cases"), "case")
        self.cases = tuple(row["case"] for row in cases)
        self.rates = {row["case"]: self._case_rates(k, row) for k, row in enumerate(cases)}
        self.setups = {row["case"]: row.get("setup") for row in cases}
        classes = content.get("classes")
        good = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        self._expect("classes", classes, "a list of names", good=good and bool(classes))
        self.classes: tuple[str, ...] = tuple(classes) if isinstance(classes, list) else ()
        default = content.get("default_class")
        self._expect("default_class", default, "one of the classes", good=default in self.classes)
        self.default_class = str(default)
        self.losses = self._policy_losses(content.get("losses"))
        self.cells: dict[tuple[str, str, int | None], _RouterCell] = {}
        for k, row in enumerate(self._named_rows("cells", content.get("cells"), "class", "case")):
            self._policy_cell(f"cells.{k}", row)
        if self.faults:
            raise PolicyError("\n".join(self.faults))

    def _expect(self, where: str, value: Any, wanted: str, *, good: bool) -> bool:
        if not good:
            self.faults.append(f"{where}: expected {wanted}, got {ascii(value)[:100]}")
        return good

    def _named_rows(self, where: str, rows: Any, *names: str) -> list[Mapping[str, Any]]:
        """The entries of a list, each with its names in text; without those that lack one."""
        listed = rows if isinstance(rows, list) else []
        self._expect(where, rows, "a list of one entry or more", good=bool(listed))
        kept = []
        for k, row in enumerate(listed):
            good = isinstance(row, Mapping) and all(isinstance(row.get(n), str) for n in names)
            if self._expect(f"{where}.{k}", row, f"a table with {' and '.join(names)}", good=good):
                kept.append(row)
        return kept

    def _case_rates(self, position: int, row: Mapping[str, Any]) -> dict[str, float]:
        stated = row.get("rates_rps")
        rates: Mapping[str, Any] = stated if isinstance(stated, Mapping) else {}
        good = bool(rates) and all(_is_number(rate) and rate >= 0 for rate in rates.values())
        wanted = "a number of 0 or more for each class"
        self._expect(f"cases.{position}.rates_rps", stated, wanted, good=good)
        return {name: float(rate) for name, rate in rates.items()} if good else {}

    def _policy_losses(self, rows: Any) -> tuple[tuple[str, int | None], ...]:
        """(case, loss whose routing serves) of every loss."""
        losses = []
        listed = rows if isinstance(rows, list) else []
        self._expect("losses", rows, "a list", good=isinstance(rows, list))
        for k, row in enumerate(listed):
            case = row.get("case") if isinstance(row, Mapping) else None
            same = row.get("same_as") if isinstance(row, Mapping) else None
            good = case in self.cases and (
                same is None or (isinstance(same, int) and 0 <= same < len(listed))
            )
            self._expect(f"losses.{k}", row, "a case, and same_as null or a position", good=good)
            losses.append((str(case), same if good else None))
        return tuple(losses)

    def _policy_cell(self, where: str, row: Mapping[str, Any]) -> None:
        loss = row.get("loss")
        known: list[int | None] = [
            k for k, (case, _) in enumerate(self.losses) if case == row["case"]
        ] or [None]
        good = row["class"] in self.classes and row["case"] in self.cases
        good = good and loss in known and not isinstance(loss, bool)
        key = row["class"], row["case"], loss
        good = self._expect(where, key, "a known class, case and loss, once", good=good)
        try:
            router = Router(row)
        except PolicyError as error:
            self.faults += [f"{where}.{line}" for line in str(error).splitlines()]
            return
        lanes: Any = row.get("lanes")
        if not self._expect(
            f"{where}.lanes", lanes, "lanes of each LLM", good=isinstance(lanes, Mapping)
        ):
            return
        read = {llm: self._policy_lanes(f"{where}.lanes.{llm}", of) for llm, of in lanes.items()}
        wanted = [llm for llm, share in zip(router.llms, router.row.weights, strict=True) if share]
        lacking = [llm for llm in wanted if not read.get(llm, ((), ()))[0]]
        self._expect(f"{where}.lanes", lacking, "a lane of every LLM with a part", good=not lacking)
        if good:
            self._expect(where, key, "each cell once", good=key not in self.cells)
            self.cells[key] = _RouterCell(router, read)

    def _policy_lanes(self, where: str, rows: Any) -> tuple[tuple[str, ...], tuple[float, ...]]:
        good: bool = isinstance(rows, list) and all(
            isinstance(row, Mapping)
            and isinstance(row.get("lane"), str)
            and _is_number(row.get("share"))
            and row["share"] >= 0
            for row in rows
        )
        total = sum(row["share"] for row in rows) if good else 0.0
        wanted = "names of lanes with shares of 0 or more, 1 in all"
        if not self._expect(where, rows, wanted, good=good and abs(total - 1.0) <= SUMS_TO_ONE):
            return (), ()
        return tuple(row["lane"] for row in rows), tuple(row["share"] / total for row in rows)


Policy = TypeVar("Policy", Router, CellRouter)


def _load_router_policy(path: str | os.PathLike[str], make: Callable[[Any], Policy]) -> Policy:
    """Read a file and make a router of it; PolicyError when it is unreadable or faulty."""
    try:
        with open(path, encoding="utf-8-sig") as stream:
            content = json.load(
                stream, parse_constant=_refuse, object_pairs_hook=_once_in_router_file
            )
    except (OSError, ValueError, RecursionError) as error:
        raise PolicyError(f"{os.fspath(path)}: cannot be read as strict JSON ({error})") from error
    try:
        return make(content)
    except PolicyError as error:
        raise PolicyError(
            "\n".join(f"{os.fspath(path)}: {line}" for line in str(error).splitlines())
        ) from error


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _once_in_router_file(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object with unique keys."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError(f"a key appears twice among {', '.join(key for key, _ in pairs)[:200]}")
    return content


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and -LARGEST <= value <= LARGEST
    )
