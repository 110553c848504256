"""Simulated annealing between setups for a cost: many chains at once, each setup weighed by its
estimated quality (models.moves.setup_curvature) and by the GPUs that it takes.

    energy    cost of the GPUs that the capacity rows count, the price of what quality misses of the
              floor, and of what no pool has
    move      a replica makes way for one or two of another option: of the same LLM, of the same
              size in the same pool, or any; those that lose little in the relaxation come first
    resample  now and then chains that are worse make way for copies of better ones (population
              annealing: Hukushima and Iba, AIP Conf. Proc. 690, 2003)
    route     setups on the way that are cheaper than the best plan and may reach the floor, the
              cheapest first: packed and routed exactly

Why. Costs are a lattice of prices and the floor a wall: a linear program a setup (5 ms) looks at
1,500 of them in 7 s and ended at 342.3 USD/h on 12 LLMs, 256 GPUs and a floor near the best
answers; 256,000 setups in 2 s end at 340.5.

Effort is counted in steps; chance has the seed of the search.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.formulation import FleetCost, fleet_cost
from models.moves.setup_curvature import SetupPrices, setup_curvature
from models.relaxation import Layout
from planner.joint.setups.cut_loop import RelaxationPoint
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal, heuristic_meets_floors
from planner.joint.setups.separation import all_packed, pack_tightly_for_separation

CHAINS, STEPS, RESAMPLED = 256, 2_000, 100
"""Chains, steps of each, and steps after which they are resampled: 2 s with 12 LLMs."""

HOT, COLD = 6e-3, 3e-4
"""First and last temperature, in parts of the relaxation's cost: two replicas, and a tenth of a
GPU.
"""

MISSED, REACHED = 2.0, 0.3
"""Prices of quality below and above the floor, times the relaxation's price (tree.floor_program).
"""

REMOVED, ADDED, TWICE = 0.9, 0.9, 0.15
"""Chance that a move takes a replica away, that it adds some, and that it adds two."""

CHOICE = 1e-3
"""Loss in the relaxation, in parts of its cost, at which an option is chosen e times less often."""

HOPE, NEAR_MISS = 3e-5, 6e-5
"""Quality (0..1 scale) by which estimates may be too low: the floor that setups are weighed against
lies so much lower; and what a setup may miss of that and still be routed.
"""

PACKED, ROUTED, MISSES = 200, 12, 3
"""Setups that are packed at most, that are routed, and that may miss the floor of those of one
cost.
"""

BETTER = 1e-3
"""Part of the gap by which a plan has to be cheaper."""


@dataclass(frozen=True)
class AnnealedSetup:
    """A setup on the way. cost: of the GPUs that capacity rows count, USD/h. quality: estimated,
    0..1 scale. replicas: (K,).
    """

    cost: float
    quality: float
    replicas: np.ndarray


def annealing_prices(
    state: GoalState, point: RelaxationPoint, layout: Layout, price: float
) -> SetupPrices:
    """The duals of a relaxation as prices in quality; price: USD/h of quality at the floor."""
    shared, duals = state.shared, point.row_dual
    rate, sides = shared.instance.arrival_rate, shared.allowances
    llms = duals[layout.serve_row : layout.serve_row + layout.llms]
    budgets = -duals[layout.budget_row : layout.budget_row + sides.size]
    # Rows count rates in the state's unit, and budgets in their allowances.
    return SetupPrices(
        llms=np.maximum(llms, 0.0) * rate / (shared.unit * price),
        budgets=np.maximum(budgets, 0.0) / (sides * shared.unit * price),
        sides=rate * sides,
        rate=rate,
    )


class CostAnnealing:
    """Chains of setups over some options, positions (K,), in rounds.

    rounds: that there were. plans: better ones that they brought.
    """

    def __init__(
        self,
        state: GoalState,
        point: RelaxationPoint,
        layout: Layout,
        options: Sequence[int],
        price: float,
    ) -> None:
        """price: USD/h of quality (0..1 scale) at the floor, above 0."""
        shared, chosen = state.shared, np.array(options)
        instance, quality, self._options = shared.instance, shared.quality, chosen
        self.state, self._price = state, price
        self.rounds = self.plans = 0
        self._floor = state.goal.quality_at_least or 0.0
        self._fleet = fleet_cost(instance)
        llm = np.array([instance.options[o].llm for o in options])
        prices = annealing_prices(state, point, layout, price)
        pieces = [shared.pieces[o] for o in options]
        self._near = setup_curvature(quality.values, quality.weights, prices, pieces, llm)
        self._rates = self._near.push[np.arange(llm.size), llm] * instance.arrival_rate
        # What estimates err by: at the relaxation, and then at setups that were routed.
        at_relaxation = float(self._near.at(point.replicas[None, chosen])[0])
        self._errors = [point.quality - at_relaxation]
        self._centre, self._upper = point.replicas[chosen], shared.upper[chosen]
        # Several capacity rows are alike over a part of the options.
        rows = [row for row in shared.capacity if not row.per_node]
        pool_and_row = [np.concatenate([[row.pool], row.weight[chosen]]) for row in rows]
        pool_and_row += [np.append(p, np.zeros(chosen.size)) for p in range(len(instance.pools))]
        kept = np.unique(np.array(pool_and_row), axis=0)
        self._rows = np.ascontiguousarray(kept[:, 1:].T)
        self._first_rows = np.searchsorted(kept[:, 0], np.arange(len(instance.pools)))
        self._gpus = np.array([pool.gpus for pool in instance.pools])
        # A GPU that no pool has costs more than the dearest one is worth.
        worth = self._fleet.use + self._fleet.rent + np.maximum(-point.gpus_used_dual, 0.0)
        self._beyond = float(worth.max())
        self._of_llm = np.eye(len(instance.llms))[llm]
        self._least = np.array([one.min_replicas for one in instance.llms])
        limits = [np.inf if m.max_replicas is None else m.max_replicas for m in instance.llms]
        self._most = np.array(limits)
        cost = max(point.loss - self._fleet.base, 1e-9)
        self._hot, self._cold = HOT * cost, COLD * cost
        liked = np.exp(-point.column_loss[chosen] / (CHOICE * cost))
        size = [(o.pool, o.tp_degree * o.mps_share) for o in (instance.options[k] for k in options)]
        alike = np.array([[a == b for b in size] for a in size])
        self._choices = np.stack(
            [_choices(one, liked) for one in (llm[:, None] == llm, alike, np.ones_like(alike))]
        )

    def improve(self) -> None:
        """One round: anneal from the relaxation, and consider what was found."""
        shared, began = self.state.shared, time.perf_counter()
        found = self.anneal(np.random.default_rng([shared.seed, self.rounds]))
        self.rounds += 1
        self._consider(found)
        shared.clock.spend("annealing", began)
        self.state.report("annealing")

    def anneal(self, rng: np.random.Generator) -> list[AnnealedSetup]:
        """Setups on the way that are cheaper than the best plan and may reach the floor."""
        found: dict[bytes, AnnealedSetup] = {}
        clock = self.state.shared.clock
        dearest, cheapest = self._dearest(), self.state.bound - 1e-6
        floor = self._floor - HOPE - float(np.median(self._errors))
        start = np.floor(self._centre + rng.random((CHAINS, self._centre.size)))
        chains = np.minimum(start, self._upper)
        energy = self._weigh(chains, floor)[0]
        for step in range(STEPS):
            if clock.stopped():
                break
            heat = self._hot * (self._cold / self._hot) ** (step / STEPS)
            moved = self._move(chains, rng)
            after, cost, quality = self._weigh(moved, floor)
            taken = rng.random(CHAINS) < np.exp(np.minimum((energy - after) / heat, 0.0))
            chains[taken], energy[taken] = moved[taken], after[taken]
            worth = taken & (quality > floor - NEAR_MISS) & (cost < dearest) & (cost >= cheapest)
            for j in np.flatnonzero(worth).tolist():
                replicas = moved[j].astype(int)
                found[replicas.tobytes()] = AnnealedSetup(cost[j], quality[j], replicas)
            if step % RESAMPLED == RESAMPLED - 1:
                chosen = resample_chains(energy, heat, rng)
                chains, energy = chains[chosen], energy[chosen]
        clock.spend_work(CHAINS * STEPS)
        return list(found.values())

    def _weigh(self, chains: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Energy and cost (J,) in USD/h of setups (J, K), the cost inf where pools or limits do not
        hold them, and their quality (J,).
        """
        rows = np.ceil(chains @ self._rows - 1e-6)
        used = np.maximum.reduceat(rows, self._first_rows, axis=1)
        of_llms = chains @ self._of_llm
        limits = np.maximum(self._least - of_llms, 0.0) + np.maximum(of_llms - self._most, 0.0)
        outside = np.maximum(used - self._gpus, 0.0).sum(axis=1) + limits.sum(axis=1)
        quality, cost = self._near.at(chains), _costs(self._fleet, used)
        missed = floor - quality
        priced = self._price * np.where(missed > 0, MISSED * missed, REACHED * missed)
        energy = cost + priced + self._beyond * outside
        return energy, np.where(outside > 0, np.inf, cost), quality

    def _move(self, chains: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random move of every chain (J, K)."""
        count, options = chains.shape
        moved, each, kind = chains.copy(), np.arange(count), rng.random(count)
        gone = (rng.random((count, options)) * (chains > 0)).argmax(axis=1)
        away = kind < REMOVED
        moved[each[away], gone[away]] -= 1
        among = self._choices[rng.integers(0, len(self._choices), count), gone]
        comes = np.minimum((among < rng.random((count, 1))).sum(axis=1), options - 1)
        many = np.where(rng.random(count) < TWICE, 2, 1)
        added = kind > 1 - ADDED
        moved[each[added], comes[added]] += many[added]
        return np.clip(moved, 0, self._upper)

    def _consider(self, found: list[AnnealedSetup]) -> None:
        """Pack and route setups, the cheapest first and of these the best, until none is cheaper
        than the best plan.
        """
        state, packed, routed = self.state, 0, 0
        misses: dict[float, int] = {}
        for setup in sorted(found, key=lambda one: (round(one.cost, 6), -one.quality)):
            over = setup.cost >= self._dearest() or packed == PACKED or routed == ROUTED
            if over or state.closed() or state.shared.clock.stopped():
                break
            level = round(setup.cost, 6)
            if misses.get(level, 0) == MISSES:
                continue
            packed += 1
            reached = self._route(setup)
            routed += reached is not None
            if reached is not None and reached < self._floor:
                misses[level] = misses.get(level, 0) + 1

    def _route(self, setup: AnnealedSetup) -> float | None:
        """Pack and route a setup; its quality, None where it is dearer than its estimate or no
        plan.
        """
        state, shared = self.state, self.state.shared
        replicas = np.zeros(len(shared.instance.options), dtype=int)
        replicas[self._options] = setup.replicas
        packings = pack_tightly_for_separation(shared, replicas)
        if not all_packed(packings) or not heuristic_meets_floors(shared, replicas):
            return None
        if self._fleet.at([packing.gpus for packing in packings]) >= self._dearest():
            return None
        rates = np.zeros(replicas.size)
        rates[self._options] = self._rates * setup.replicas
        rates *= shared.instance.arrival_rate / rates.sum()
        before = state.loss
        reached = consider_primal(state, replicas, rates, packings)
        self.plans += state.loss < before
        if reached is not None:
            self._errors.append(reached - setup.quality)
        return reached

    def _dearest(self) -> float:
        """The cost that a plan has to be below."""
        return self.state.loss - BETTER * self.state.tolerance()


def resample_chains(energy: np.ndarray, heat: float, rng: np.random.Generator) -> np.ndarray:
    """(J,) chains that go on: each as often as the root of its Boltzmann weight says (systematic
    resampling).
    """
    weight = np.exp(-(energy - energy.min()) / (2 * heat))
    share = np.cumsum(weight / weight.sum())
    drawn = (rng.random() + np.arange(energy.size)) / energy.size
    return np.minimum(np.searchsorted(share, drawn), energy.size - 1)


def _choices(allowed: np.ndarray, liked: np.ndarray) -> np.ndarray:
    """(K, K) cumulative chances of the options that come in place of each; where none is allowed
    any may come.
    """
    chance = allowed * liked
    np.fill_diagonal(chance, 0.0)
    chance[chance.sum(axis=1) == 0] = liked
    total = np.cumsum(chance, axis=1)
    return np.asarray(total / total[:, -1:])


def _costs(fleet: FleetCost, used: np.ndarray) -> np.ndarray:
    """(J,) USD/h of GPUs in use (J, P)."""
    rented = np.maximum(used - fleet.reserved, 0.0)
    return np.asarray(fleet.base + used @ fleet.use + rented @ fleet.rent)
