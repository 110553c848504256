"""Whether the parts of a plan over cells go together, so that it can be read by names and
positions: what a schema cannot say. The scenario is not needed; whether what the plan claims is
true is another question (`any_plan`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner.plans.plan_file import MOST_REPLICAS

__all__ = ["contradictions_of_cells_plan"]

Content = Mapping[str, Any]
Contradiction = tuple[str, Any, str]
"""(place, value, problem)."""


def contradictions_of_cells_plan(content: Content) -> Iterator[Contradiction]:
    """What does not go together in a content that fits its schema."""
    yield from _missing_numbers_of_cells(content)
    names = [entry["case"] for entry in content["cases"]]
    for name, count in Counter(names).items():
        if count > 1:
            yield "cases", name, f"the case is stated {count} times"
    yield from _setups_of_cells(content)
    faults = list(_losses_of_cells(content))
    yield from faults
    if not faults:
        yield from _cells_of_states(content)
        yield from _lanes_of_states(content)


def _missing_numbers_of_cells(content: Content) -> Iterator[Contradiction]:
    """The status says whether there is a setup; with one, nothing of the result is null."""
    has_plan = content["status"] in ("optimal", "feasible")
    if has_plan != bool(content["setups"]):
        yield "status", content["status"], f"the plan has {len(content['setups'])} setups"
    elif has_plan:
        numbers = {"quality": content["quality"], "gpus_used": content["gpus_used"]}
        numbers["objective.value"] = content["objective"]["value"]
        for where, value in numbers.items():
            if value is None:
                yield where, value, "the plan has a setup, and this is not known"


def _setups_of_cells(content: Content) -> Iterator[Contradiction]:
    """Every case has one setup; options and shards are of the plan's LLMs, pools and GPUs."""
    served = Counter(name for setup in content["setups"] for name in setup["cases"])
    known = {entry["case"] for entry in content["cases"]}
    for name in sorted(served.keys() | (known if content["setups"] else set())):
        if name not in known:
            yield "setups", name, "the plan states no such case"
        elif served[name] != 1:
            yield "setups", name, f"the case is served by {served[name]} setups, not by one"
    pools = {pool["name"]: pool for pool in content["context"]["pools"]}
    llms = {llm["name"] for llm in content["context"]["llms"]}
    for k, setup in enumerate(content["setups"]):
        for j, option in enumerate(setup["options"]):
            where = f"setups.{k}.options.{j}"
            for kind, all_of_kind in (("llm", llms), ("pool", pools)):
                if option[kind] not in all_of_kind:
                    yield f"{where}.{kind}", option[kind], f"the plan lists no such {kind}"
            if option["replicas"] > MOST_REPLICAS:
                problem = f"no option of a plan has more than {MOST_REPLICAS:,} replicas"
                yield f"{where}.replicas", option["replicas"], problem
        yield from _shards_of_setup(f"setups.{k}", setup, pools)


def _shards_of_setup(
    where: str, setup: Content, pools: Mapping[str, Content]
) -> Iterator[Contradiction]:
    """Shards of no option of the setup, or on nodes and GPUs that there are not."""
    for j, shard in enumerate(setup["placement"]):
        place = f"{where}.placement.{j}"
        if shard["option"] >= len(setup["options"]):
            problem = f"the setup has {len(setup['options'])} options"
            yield f"{place}.option", shard["option"], problem
            continue
        option, pool = setup["options"][shard["option"]], pools.get(shard["pool"])
        if pool is None or shard["pool"] != option["pool"]:
            yield f"{place}.pool", shard["pool"], "not the pool of the shard's option"
            continue
        for kind, most in (("node", "nodes"), ("gpu", "gpus_per_node")):
            if shard[kind] >= pool[most]:
                yield f"{place}.{kind}", shard[kind], f"the pool has {pool[most]} {most}"
        if shard["replica"] >= option["replicas"] or shard["shard"] >= option["tp_degree"]:
            yield place, shard, "the option has no such replica or shard"


def _losses_of_cells(content: Content) -> Iterator[Contradiction]:
    """A loss is of a case, names nodes of pools, and shares the routing of one that has its own."""
    known = {entry["case"] for entry in content["cases"]}
    pools = {pool["name"]: pool for pool in content["context"]["pools"]}
    losses = content["losses"]
    for k, loss in enumerate(losses):
        if loss["case"] not in known:
            yield f"losses.{k}.case", loss["case"], "the plan states no such case"
        for name, nodes in loss["nodes"].items():
            if name not in pools or any(node >= pools[name]["nodes"] for node in nodes):
                yield f"losses.{k}.nodes", {name: nodes}, "the plan has no such nodes"
        same = loss["same_as"]
        if same is not None and (
            same >= len(losses)
            or losses[same]["same_as"] is not None
            or losses[same]["case"] != loss["case"]
        ):
            yield f"losses.{k}.same_as", same, "no loss of this case with its own routing"


def _state_of_cells(where: str, entry: Content, content: Content) -> Iterator[Contradiction]:
    """Case and loss of a cell or a lane."""
    losses = content["losses"]
    if entry["case"] not in {case["case"] for case in content["cases"]}:
        yield f"{where}.case", entry["case"], "the plan states no such case"
        return
    own = [k for k, loss in enumerate(losses) if loss["case"] == entry["case"]]
    routed = [k for k in own if losses[k]["same_as"] is None]
    if entry["loss"] not in (routed if own else [None]):
        yield f"{where}.loss", entry["loss"], "no loss of this case with its own routing"


def _cells_of_states(content: Content) -> Iterator[Contradiction]:
    """Cells are of known states, each once, with prices and ties of the LLMs that they name."""
    seen = Counter((cell["class"], cell["case"], cell["loss"]) for cell in content["cells"])
    for k, cell in enumerate(content["cells"]):
        where = f"cells.{k}"
        yield from _state_of_cells(where, cell, content)
        if seen[cell["class"], cell["case"], cell["loss"]] > 1:
            yield where, cell["class"], "the class is stated twice for this case and loss"
        sent = set(cell["routing"])
        if not sent or set(cell["dual_prices"]) != sent:
            yield f"{where}.dual_prices", sorted(cell["dual_prices"]), "not the LLMs of the routing"
        yield from _ties_of_cell(where, cell["router"]["ties"], sent)


def _ties_of_cell(where: str, ties: Sequence[Content], llms: set[str]) -> Iterator[Contradiction]:
    for j, tie in enumerate(ties):
        if not set(tie["llms"]) <= llms or len(tie["llms"]) != len(tie["split"]):
            yield f"{where}.router.ties.{j}", tie["llms"], "not LLMs of the cell with a part each"


def _lanes_of_states(content: Content) -> Iterator[Contradiction]:
    """Lanes are of known states, of an option of the setup there, and of known classes."""
    setup_of = {name: setup for setup in content["setups"] for name in setup["cases"]}
    classes = {cell["class"] for cell in content["cells"]}
    for k, lane in enumerate(content["lanes"]):
        where = f"lanes.{k}"
        yield from _state_of_cells(where, lane, content)
        options = setup_of.get(lane["case"], {"options": ()})["options"]
        if lane["option"] >= len(options):
            yield f"{where}.option", lane["option"], f"the setup has {len(options)} options"
        elif lane["replicas"] > options[lane["option"]]["replicas"]:
            yield f"{where}.replicas", lane["replicas"], "more than the option has"
        for name in sorted(lane["rates"].keys() - classes):
            yield f"{where}.rates", name, "no cell is of this class"
