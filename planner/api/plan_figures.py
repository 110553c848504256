"""What every result of `planner.plan` says of itself, whatever the schema of its plan.json."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, cast

import pandas as pd

from planner.plans.schema import PlanContent
from planner.presentation.plan.verdict import verdict_line
from planner.solution import Status

__all__ = ["PlanFigures", "plan_figures_by_gpu"]


class PlanFigures(ABC):
    """Status, numbers and repairs of a plan, and how it shows itself."""

    @property
    @abstractmethod
    def content(self) -> Mapping[str, Any]:
        """The content of plan.json: every number by its name and unit (docs/plan-json.md)."""

    @property
    @abstractmethod
    def _shown(self) -> pd.DataFrame:
        """The table that a notebook shows below the headline."""

    @property
    def status(self) -> Status:
        """optimal (gap closed), feasible (stopped by a limit), infeasible or unknown."""
        return Status(self.content["status"])

    @property
    def objective(self) -> float | None:
        """Quality (mean score) or cost (USD/h) of the plan; None without a plan."""
        value: float | None = self.content["objective"]["value"]
        return value

    @property
    def bound(self) -> float | None:
        """Proven limit of the objective: no plan is better. Same unit; None where unknown."""
        bound: float | None = self.content["objective"]["bound"]
        return bound

    @property
    def gap(self) -> float | None:
        """|bound - objective| / |objective|; None where one of them is unknown."""
        gap: float | None = self.content["objective"]["rel_gap"]
        return gap

    @property
    def quality(self) -> float | None:
        """Mean score of all requests; None without a plan."""
        quality: float | None = self.content["quality"]
        return quality

    @property
    def cost(self) -> float | None:
        """USD/h in all; None without a plan, or where a price is unknown."""
        cost: float | None = self.content["cost_usd_per_h"]
        return cost

    @property
    def conflict(self) -> tuple[str, ...]:
        """Of an infeasible scenario: the limits that cannot hold at once."""
        conflict = self.content.get("conflict")
        return () if conflict is None else tuple(conflict["limits"])

    @property
    def repairs(self) -> pd.DataFrame:
        """Of an infeasible scenario: changes each of which makes it feasible, as overrides."""
        conflict = self.content.get("conflict")
        repairs = [] if conflict is None else conflict["repairs"]
        rows = [(repair["change"], repair["from"], repair["to"]) for repair in repairs]
        return pd.DataFrame(rows, columns=["Override", "From", "To"])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.content['scenario']}: {self._headline()})"

    def _repr_html_(self) -> str:
        head = f"<b>{escape(self.content['scenario'])}</b>: {escape(self._headline())}"
        if self.conflict:
            limits = "".join(f"<li>{escape(limit)}</li>" for limit in self.conflict)
            return f"<p>{head}</p><ul>{limits}</ul>{self.repairs.to_html(index=False)}"
        table = self._shown.to_html(index=False, float_format="{:.4g}".format, na_rep="")
        return f"<p>{head}</p>{table}"

    def _headline(self) -> str:
        """Verdict with objective, bound and gap; GPUs."""
        gpus = f"{self.content['gpus_used']} of {self.content['gpus_total']} GPUs"
        line = verdict_line(cast("PlanContent", self.content))
        return line + (f"; {gpus}" if self.objective is not None else "")


def plan_figures_by_gpu(
    pools: Iterable[Mapping[str, Any]], placement: pd.DataFrame
) -> pd.DataFrame:
    """One row per GPU, idle ones too: what runs there, compute (%) and memory (GiB) in use.

    pools: of the context of plan.json. placement: a row a shard; pool, node, GPU, LLM, TP degree,
    MPS share (%), memory (GiB), replica and shard are its first columns, a MIG profile comes next.
    """
    shards: dict[tuple[str, int, int], list[tuple[Any, ...]]] = defaultdict(list)
    for pool, node, gpu, *shard in placement.itertuples(index=False, name=None):
        shards[pool, node, gpu].append(tuple(shard))
    rows = [
        (one["name"], node, gpu, *_in_use(shards[one["name"], node, gpu]))
        for one in pools
        for node in range(one["nodes"])
        for gpu in range(one["gpus_per_node"])
    ]
    heads = ["Pool", "Node", "GPU", "Runs", "Compute (%)", "Memory (GiB)"]
    return pd.DataFrame(rows, columns=heads)


def _in_use(shards: Sequence[tuple[Any, ...]]) -> tuple[str, float, float]:
    """What runs on a GPU, its compute (%) and its memory (GiB)."""
    words = [
        f"{llm} tp{degree} {profile[0] if profile and profile[0] else f'{share:g} %'}"
        for llm, degree, share, _, _, _, *profile in shards
    ]
    compute, memory = (float(sum(shard[at] for shard in shards)) for at in (2, 3))
    return " + ".join(words), compute, memory
