"""From Pyomo to arrays, with the columns of what is read back, and with names for a reader."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csr_matrix

from models.formulation import Formulation
from models.linear import LinearProgram


@dataclass(frozen=True, kw_only=True)
class CompiledProgram:
    """The program as arrays, with the columns of what is read back; -1 for a variable in no row.

    replicas: option -> column. arm_replicas: (option, arm) -> column. points: (option, arm) ->
    columns of the weights, and their rates in req/s. fractions: column of each LLM's. quality: its
    column. gpus_used: column of each pool's. knob: its column. opened: column of each LLM's `open`,
    none without opening cuts.
    """

    linear: LinearProgram
    replicas: dict[int, int]
    arm_replicas: dict[tuple[int, int], int]
    points: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]
    fractions: tuple[int, ...]
    quality: int
    gpus_used: tuple[int, ...]
    knob: int = -1
    opened: tuple[int, ...] = ()


def compile_program(
    model: pyo.ConcreteModel, form: Formulation, *, named: bool = False
) -> CompiledProgram:
    """A model (models.program.build) as arrays; named: with the names of its rows and columns.

    Pyomo's solver interfaces are deliberately not used: two threads that solve through them
    dead-lock (Pyomo issue 3908), and they ignore misspelt options.
    """
    linear, info = compile_arrays(model)
    column = {id(var): j for j, var in enumerate(info.columns)}
    if named:
        name = _compiled_namer(form)
        linear = replace(
            linear,
            row_names=_unique_compiled_names([name(row.constraint) for row in info.rows]),
            column_names=_unique_compiled_names([name(var) for var in info.columns]),
        )

    def at(var: object) -> int:
        return column.get(id(var), -1)

    points = {}
    for (o, a), (rates, _) in model.vertices.items():
        points[o, a] = (np.array([at(model.weight[o, a, k]) for k in range(rates.size)]), rates)
    return CompiledProgram(
        linear=linear,
        replicas={o: at(model.replicas[o]) for o in form.options},
        arm_replicas={(o, a): at(model.arm_replicas[o, a]) for o, a in model.SPLIT_ARMS},
        points=points,
        fractions=tuple(at(model.fraction[i]) for i in model.LLMS),
        quality=at(model.quality),
        gpus_used=tuple(at(model.gpus_used[p]) for p in model.POOLS),
        knob=-1 if form.goal.knob is None else at(model.knob),
        opened=() if form.openings is None else tuple(at(model.open[i]) for i in model.LLMS),
    )


def compile_arrays(model: pyo.ConcreteModel) -> tuple[LinearProgram, Any]:
    """A model as arrays, and what Pyomo says of them: `columns` are its variables in order, `rows`
    its constraints.
    """
    info = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    # In mixed form a row's bound type is 1 for <=, -1 for >=, 0 for ==.
    bound = np.array([row.bound_type for row in info.rows], dtype=int)
    right = np.asarray(info.rhs, dtype=float)
    linear = LinearProgram(
        cost=np.asarray(info.c.todense(), dtype=float).ravel(),
        matrix=csr_matrix(info.A),
        row_lower=np.where(bound <= 0, right, -np.inf),
        row_upper=np.where(bound >= 0, right, np.inf),
        low=np.array([-np.inf if v.lb is None else v.lb for v in info.columns], dtype=float),
        high=np.array([np.inf if v.ub is None else v.ub for v in info.columns], dtype=float),
        integer=np.array([v.is_integer() for v in info.columns], dtype=bool),
        offset=float(info.c_offset[0]),
    )
    return linear, info


OF_LLMS = {"LLMS", "LLMS_WITH_LEAST", "LLMS_WITH_MOST"}
OF_POOLS = {"POOLS"}
OF_SLOS = {"SLOS"}
OF_OPTIONS = {
    *("OPTIONS", "ARMS", "POINTS", "SPLIT_ARMS", "SPLIT_OPTIONS", "CHOSEN_ARMS", "RUNNING", "PAID"),
}
"""Sets whose (first) index is the position of an LLM, a pool, an SLO over all requests, an option.
"""


def _compiled_namer(form: Formulation) -> Callable[[pyo.Component], str]:
    """A function that names a row or column as the formulation does: its component, and the names
    of what it is indexed by in place of positions, e.g. `serve_llm_fraction[mistral-7b]`.
    """
    instance = form.instance
    llms = [llm.name for llm in instance.llms]
    pools = [pool.name for pool in instance.pools]
    options = [
        f"{llms[o.llm]},{pools[o.pool]},tp{o.tp_degree},"
        + (o.mig_profile or f"{100 * o.mps_share:g}%")
        for o in instance.options
    ]
    slos = [f"{slo.metric},{slo.statistic}" for slo in form.shared_slos]
    labels = dict.fromkeys(OF_LLMS, llms) | dict.fromkeys(OF_POOLS, pools)
    labels |= dict.fromkeys(OF_SLOS, slos) | dict.fromkeys(OF_OPTIONS, options)

    def compiled_name(data: pyo.Component) -> str:
        component = data.parent_component()
        if not component.is_indexed():
            return str(component.local_name)
        index = data.index() if isinstance(data.index(), tuple) else (data.index(),)
        of = labels.get(component.index_set().local_name)
        first = index[0] if of is None else of[index[0]]
        return f"{component.local_name}[{','.join(map(str, (first, *index[1:])))}]"

    return compiled_name


def _unique_compiled_names(names: list[str]) -> list[str]:
    """Names without white space, which a model file cannot hold; those that then coincide are
    numbered.
    """
    plain = [re.sub(r"\s+", "_", name) for name in names]
    often, seen = Counter(plain), Counter[str]()
    for k, name in enumerate(plain):
        if often[name] > 1:
            seen[name] += 1
            plain[k] = f"{name}#{seen[name]}"
    return plain
