"""A day whose classes share no replica: every class has copies of the LLMs for itself.

    LLM i of class c    its options, with the class's own latencies and work; other classes may not
                        use it
    copies of one LLM   keep its largest number of replicas together; its least number is let go

The plan of such a day is the best that classes with replicas of their own can do on the same GPUs:
how many each gets is decided with the routing, and LLMs outside, budget and floors stay common.
"""

from dataclasses import replace

import numpy as np

from models.demand.requests import DemandInstance, RequestClass
from models.instance import Instance, Llm, Option, Quota
from profiles.records import Curve, Scores

__all__ = ["isolated_demand"]


def isolated_demand(demand: DemandInstance) -> DemandInstance:
    """The same demand with copies of the LLMs by class."""
    llms = len(demand.instance.llms)
    copies = [
        (i, c) for i in range(llms) for c, entry in enumerate(demand.classes) if entry.permitted[i]
    ]
    base = demand.instance
    options: list[Option] = []
    of: list[int] = []
    curves: dict[tuple[int, int], Curve] = {}
    unjudged: set[tuple[int, int]] = set()
    for k, (i, c) in enumerate(copies):
        for o, option in enumerate(base.options):
            if option.llm != i:
                continue
            if (o, c) in demand.class_curves:
                curves[len(options), c] = demand.class_curves[o, c]
            if (o, c) in demand.unjudged:
                unjudged.add((len(options), c))
            options.append(replace(option, llm=k))
            of.append(o)
    names = tuple(f"{base.llms[i].name} for {demand.classes[c].name}" for i, c in copies)
    instance = replace(
        base,
        llms=tuple(Llm(name) for name in names),
        options=tuple(options),
        quotas=_quotas_of_copies(base, of),
        scores=_scores_of_copies(base.scores, names, copies, len(base.llms)),
        running=None,
    )
    classes = tuple(
        _class_of_copies(entry, c, names, copies, llms) for c, entry in enumerate(demand.classes)
    )
    return replace(
        demand,
        instance=instance,
        classes=classes,
        class_curves=curves,
        unjudged=frozenset(unjudged),
        runs=(),
    )


def _class_of_copies(
    entry: RequestClass, c: int, names: tuple[str, ...], copies: list[tuple[int, int]], llms: int
) -> RequestClass:
    """A class that may use its own copies, and the LLMs outside as before."""
    own = tuple(of == c for _, of in copies)
    return replace(
        entry,
        permitted=(*own, *entry.permitted[llms:]),
        work=tuple(entry.work[i] for i, _ in copies),
        scores=_scores_of_copies(entry.scores, names, copies, llms),
    )


def _scores_of_copies(
    scores: Scores, names: tuple[str, ...], copies: list[tuple[int, int]], llms: int
) -> Scores:
    """Rows of the LLMs once a copy, then those of the LLMs outside."""
    rows = [*(i for i, _ in copies), *range(llms, len(scores.llms))]
    return replace(
        scores, llms=(*names, *scores.llms[llms:]), values=np.asarray(scores.values)[rows]
    )


def _quotas_of_copies(base: Instance, of: list[int]) -> tuple[Quota, ...]:
    """Limits on the setup over all copies, those of every LLM's replicas among them. of: the option
    that each copy is of.
    """
    quotas = [replace(quota, weight=tuple(quota.weight[o] for o in of)) for quota in base.quotas]
    for i, llm in enumerate(base.llms):
        if llm.max_replicas is not None:
            weight = tuple(float(base.options[o].llm == i) for o in of)
            quotas.append(Quota(f"replicas of {llm.name}", weight, float(llm.max_replicas)))
    return tuple(quotas)
