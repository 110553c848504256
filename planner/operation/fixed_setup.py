"""The best routing of the setup that a plan has, at another rate or on other prompts: replicas and
placement stay, rates and prices move.

    max  Q(f)    s.t. the SLOs on the raw curves,  sum_{o of i} x_o = lambda f_i,  x_o / n_o within
                                                   the curve        n fixed

is the routing problem of one setup, solved as in the decomposition
(`planner.decomposition.routing`). Value and bound are within TOLERANCE of each other where curves
are convex or the branch and bound ends. Exact quality, prices and tie splits come from
`models.quality`, and every routing is put through the verifier, against the instance with that rate
and those scores. Of a plan that was read unverified, what was wrong with the setup stays wrong.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.demand.headroom import with_headroom
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.decomposition.policies import Prompts
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route_setup_by_policies
from planner.errors import DataError
from planner.plans.option_index import OptionIndex
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.schema import SolvedContent
from planner.plans.solved_content import solved_content
from planner.settings import CLOSE_ENOUGH
from planner.solution import Effort, Shard, Solution, Status, Termination, TieGroup
from profiles.io.faults import Fault
from profiles.records import Scores

__all__ = ["FixedSetup", "Rerouted"]

TOLERANCE = 1e-5
"""Between value and bound of a routing, in shares of the range of scores."""

REL_GAP = 1e-4
"""At which a routing counts as optimal for the verifier."""

MOST_NODES = 60
"""Of the branch and bound where curves are not convex."""


@dataclass(frozen=True, kw_only=True)
class Rerouted:
    """One routing of the setup. content: keys of plan.json, verified but for the plan's own
    problems, None where there is none; quality, bound: score units.

    proved_none: it is proved that no routing keeps the SLOs. instance: of the deployed options,
    with that rate and those scores.
    """

    instance: Instance
    content: SolvedContent | None
    bound: float | None
    proved_none: bool

    @property
    def quality(self) -> float | None:
        """Mean score, None without a routing."""
        return None if self.content is None else self.content["quality"]


class FixedSetup:
    """The setup of a plan.

    instance: of the deployed options alone, in the order of the plan's `options`, maximising
    quality.
    """

    def __init__(self, source: PlanAndScenario) -> None:
        """Take a plan with a setup (`Plan.demand_setup`).

        DataError where it names an option that its scenario does not have.
        """
        content, whole = source.plan.demand_setup().content, source.loaded.instance
        index = OptionIndex(whole)
        entries = index.deployed(content["options"])
        if len(entries) != len(content["options"]) or len(
            {entry.position for entry in entries}
        ) != len(entries):
            fix = "plan it again"
            raise DataError(
                [
                    Fault(
                        source.plan.content["scenario"],
                        "options",
                        "",
                        "the plan names options that are not there",
                        fix,
                    )
                ]
            )
        positions = [entry.position for entry in entries]
        options = tuple(whole.options[position] for position in positions)
        self.instance = replace(
            whole,
            options=options,
            objective=ObjectiveKind.QUALITY,
            quality_floor=None,
            dropped=(),
            warnings=(),
            quotas=(),
        )
        self.replicas = np.array([entry.replicas for entry in entries])
        self.rates = np.array([entry.rate for entry in entries])
        self.seats = _seats_of_fixed_setup(content, index, positions)
        self._problems = frozenset(source.problems)
        self._prompts: tuple[Scores, Prompts, Quality] | None = None

    @property
    def most(self) -> float:
        """Highest rate (req/s) that the setup can carry at any latency, with its headroom."""
        planned, free = with_headroom(self.instance).options, self.instance.headroom
        most = self.replicas @ np.array([option.curve.max_rate for option in planned])
        return float(most / (1.0 + free.rate))

    def reroute(self, rate: float | None = None, scores: Scores | None = None) -> Rerouted:
        """The best routing at `rate` req/s (the plan's) of prompts with `scores` (the plan's);
        VerificationError (a bug) when it fails in what the plan itself did not.
        """
        instance = replace(
            self.instance,
            arrival_rate=self.instance.arrival_rate if rate is None else rate,
            scores=self.instance.scores if scores is None else scores,
        )
        if self._prompts is None or self._prompts[0] is not instance.scores:
            self._prompts = (instance.scores, Prompts(instance.scores), Quality(instance.scores))
        _, prompts, quality = self._prompts
        state = DecompositionState(with_headroom(instance), prompts)
        routed = route_setup_by_policies(
            state,
            list(enumerate(self.replicas.tolist())),
            TOLERANCE * prompts.span,
            most_nodes=MOST_NODES,
        )
        if routed.value is None:
            return Rerouted(
                instance=instance,
                content=None,
                bound=None,
                proved_none=bool(routed.bound == -np.inf),
            )
        settled = quality.settle(routed.fractions)
        bound = max(float(routed.bound), settled.value)
        effort = Effort(termination=Termination.GAP)
        closed = bound - settled.value <= max(
            REL_GAP * max(abs(settled.value), 1e-9), CLOSE_ENOUGH * prompts.span
        )
        solution = Solution(
            status=Status.OPTIMAL if closed else Status.FEASIBLE,
            value=settled.value,
            bound=bound,
            effort=effort,
            replicas=self.replicas,
            routed_rates=routed.rates,
            fractions=routed.fractions,
            quality=settled.value,
            dual_prices=settled.prices,
            ties=tuple(TieGroup(tie.llms, tie.share, tie.split) for tie in settled.ties),
            tie_eps=settled.tie_eps,
            placement=self.seats,
        )
        return Rerouted(
            instance=instance,
            content=solved_content(instance, solution, REL_GAP, known=self._problems),
            bound=bound,
            proved_none=False,
        )


def _seats_of_fixed_setup(
    content: SolvedContent, index: OptionIndex, positions: list[int]
) -> tuple[Shard, ...]:
    """The plan's placement by the positions of the deployed options."""
    named = [(index.position(shard), shard) for shard in content["placement"]]
    return tuple(
        Shard(positions.index(at), shard["replica"], shard["shard"], shard["node"], shard["gpu"])
        for at, shard in named
        if at is not None
    )
