"""plan.json as a file: written whole, and read back with nothing taken on trust.

A file that is read must be strict JSON within limits, fit docs/plan.schema.json, and name only
LLMs, pools and GPUs that it lists itself. Whether what it claims is true is another question:
planner.plans.soundness.
"""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from planner.errors import DataError
from planner.packed_files import SCHEMAS
from planner.plans.record import REWRITE, SCHEMA, Plan
from planner.plans.schema import PlanContent
from planner.program import PROGRAM
from planner.verification.plan_shape import LARGEST
from profiles.io.faults import Fault, file_text_or_fault, shown_in_fault
from profiles.io.output_target import TargetKind, find_target
from profiles.io.writing import as_write_errors, write_whole_file

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = [
    "CELLS_SCHEMA",
    "MOST_REPLICAS",
    "check_plan_content",
    "plan_file_text",
    "plan_schema_faults",
    "read_plan_content",
    "read_plan_file",
    "write_plan_content",
    "write_plan_file",
]

CELLS_SCHEMA = 2
"""Of plans over cells (planner.plans.cells)."""
SCENARIO_ENDINGS = (".yaml", ".yml")
"""Of files that somebody may take for a plan: scenarios are planned first."""
SIZE_LIMIT = 50_000_000
"""Bytes; a plan with a hundred alternatives on 1,000 GPUs has 20 million."""
DEPTH_LIMIT = 30
MOST_REPLICAS = 100_000
"""Of one option: the file of a plan that places more would be larger than SIZE_LIMIT, and every
check and report counts replicas one by one.
"""
SCHEMA_WORDS = {
    "type": "should be of type {}",
    "enum": "should be one of {}",
    "const": "should be {}",
    "minItems": "should have at least {} entries",
    "maxItems": "should have at most {} entries",
    "minimum": "should be at least {}",
    "exclusiveMinimum": "should be more than {}",
    "maximum": "should be at most {}",
}
"""Keyword of the schema -> what it says of a value; of others the validator's own message."""
MOST_FAULTS = 20
"""So many faults of one kind are listed; more say nothing new."""


def write_plan_file(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Write plan.json whole or not at all; `scenario_path` becomes relative to its folder.

    WriteError when that is not possible.
    """
    write_plan_content(plan.content, path)


def write_plan_content(content: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """The same for the content of a plan, of either schema version."""
    target = Path(path)
    with as_write_errors(target):
        place = find_target(target)
    folder = place.path.parent if place.kind == TargetKind.REPLACED else Path.cwd()
    scenario = Path(os.path.realpath(content["scenario_path"]))
    moved = {**content, "scenario_path": Path(os.path.relpath(scenario, folder)).as_posix()}
    write_whole_file(target, lambda stream: stream.write(plan_file_text(moved)))


def plan_file_text(content: Mapping[str, Any]) -> str:
    """Return strict JSON (ValueError on NaN or infinity) in ASCII, indented, with a newline at its
    end.
    """
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def read_plan_file(path: str | os.PathLike[str]) -> Plan:
    """Read the plan of a plan.json of this version or an earlier one; one of schema 2 is refused.

    DataError with every fault when it is unreadable or not a sound file; see the module.
    """
    content = read_plan_content(path)
    if content["schema"] == CELLS_SCHEMA:
        problem = "this is a plan of classes and cases (schema 2), which is not known here yet"
        raise DataError([Fault(str(path), "schema", "2", problem, "name a plan of schema 1")])
    return check_plan_content(content, str(path))


def read_plan_content(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read strict JSON of schema 1 or 2, within limits and nothing more; DataError with every
    fault.
    """
    file = str(path)
    text, fault = file_text_or_fault(Path(path), SIZE_LIMIT)
    if fault is not None:
        raise DataError([fault])
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise DataError([_too_deep(file)]) from None
    except ValueError as error:
        problem = f"this is no plan.json: not strict JSON ({str(error)[:120]})"
        fix = REWRITE
        if Path(path).suffix.lower() in SCENARIO_ENDINGS:
            fix = f"a scenario is planned first: {PROGRAM} plan {file} --json plan.json"
        raise DataError([Fault(file, "", "", problem, fix)]) from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(schema, int) or schema not in (SCHEMA, CELLS_SCHEMA):
        problem = f"not a plan of schema version {SCHEMA} or {CELLS_SCHEMA}"
        raise DataError([Fault(file, "schema", "", problem, REWRITE)])
    if faults := list(_limit_faults(content, file)):
        raise DataError(faults)
    return dict(content)


def check_plan_content(content: dict[str, Any], file: str) -> Plan:
    """The plan of a content of schema 1, checked; DataError with every fault."""
    for check in (partial(plan_schema_faults, schema="plan.schema.json"), _reference_faults):
        # The second relies on what the first has found sound.
        if faults := list(check(content, file)):
            raise DataError(faults)
    for part in _parts(content):
        part["context"].setdefault("llms", [_unlimited(name) for name in part["dual_prices"]])
    return Plan(cast("PlanContent", content))


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number of strict JSON")


def _too_deep(file: str) -> Fault:
    return Fault(file, "", "", f"values are nested deeper than {DEPTH_LIMIT} levels", REWRITE)


def _limit_faults(content: dict[str, Any], file: str) -> Iterator[Fault]:
    """Values nested too deep, and numbers that overflow the arithmetic on them."""
    waiting: list[tuple[Any, str, int]] = [(content, "", 0)]
    while waiting:
        value, where, depth = waiting.pop()
        if depth > DEPTH_LIMIT:
            yield _too_deep(file)
            return
        if isinstance(value, dict):
            waiting += [(one, f"{where}.{key}", depth + 1) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(one, f"{where}.{k}", depth + 1) for k, one in enumerate(value)]
        elif isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:
            problem = f"no number of a plan is larger than {LARGEST:g}"
            yield Fault(file, where[1:], shown_in_fault(value), problem, REWRITE)


@cache
def _validator(schema: str) -> "Validator":
    """Of a schema in docs. A whole number is one without a point: JSON Schema takes 1.0 for it, but
    it is no position in a list.
    """
    # Imported here because only commands that take a plan need it.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    text = (SCHEMAS / schema).read_text(encoding="utf-8")
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return extend(Draft202012Validator, type_checker=types)(json.loads(text))


def plan_schema_faults(content: dict[str, Any], file: str, schema: str) -> Iterator[Fault]:
    """Where the content does not fit a schema (its file in docs): the deepest reasons, by their
    path.
    """
    # Imported with the validator, see there.
    from jsonschema.exceptions import relevance

    for number, error in enumerate(_validator(schema).iter_errors(content)):
        if number == MOST_FAULTS:
            return
        while error.context:  # one of several kinds: the reason that comes closest
            error = max(error.context, key=relevance)
        where = ".".join(map(str, error.absolute_path))
        value = "" if error.validator == "required" else shown_in_fault(error.instance)
        expected = shown_in_fault(error.validator_value, 200)
        words = SCHEMA_WORDS.get(str(error.validator))
        problem = error.message[:200] if words is None else words.format(expected)
        yield Fault(file, where, value, problem, REWRITE)


def _reference_faults(content: dict[str, Any], file: str) -> Iterator[Fault]:
    """Parts of the plan that do not go together, so that tables could not be made of them."""
    for part, before in zip(_parts(content), ("", "conflict.best_effort."), strict=False):
        for where, value, problem in _contradictions(part):
            yield Fault(file, before + where, shown_in_fault(value), problem, REWRITE)


def _parts(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The plan, and the best effort of its conflict."""
    effort = (content.get("conflict") or {}).get("best_effort")
    return [content] if effort is None else [content, effort]


def _unlimited(name: str) -> dict[str, Any]:
    """The limits of an LLM in a plan of 0.1.0 that does not state them."""
    return {"name": name, "min_replicas": 0, "max_replicas": None}


def _contradictions(part: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """(place, value, problem). part: the plan, or the best effort of a conflict."""
    yield from _missing_numbers(part)
    yield from _countless_replicas(part)
    yield from _unknown_names(part)
    yield from _unknown_shards(part)
    prices, slos = part["shadow_prices"]["slo"], part["slo"]
    if len(prices) != len(slos):
        yield "shadow_prices.slo", len(prices), f"the plan has {len(slos)} SLOs"


def _missing_numbers(part: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """The status says whether there is a setup; with one, nothing of the result is null."""
    has_plan = part["status"] in ("optimal", "feasible")
    if has_plan != bool(part["options"]):
        yield "status", part["status"], f"the plan has {len(part['options'])} options"
    elif has_plan:
        numbers = {"quality": part["quality"], "gpus_used": part["gpus_used"]}
        numbers["objective.value"] = part["objective"]["value"]
        for where, value in numbers.items():
            if value is None:
                yield where, value, "the plan has a setup, and this is not known"
    gpus = sum(pool["nodes"] * pool["gpus_per_node"] for pool in part["context"]["pools"])
    if part["gpus_total"] != gpus or not gpus:
        yield "gpus_total", part["gpus_total"], f"the pools have {gpus} GPUs"


def _countless_replicas(part: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """More replicas than any plan has."""
    for k, entry in enumerate(part["options"]):
        if entry["replicas"] > MOST_REPLICAS:
            problem = f"no option of a plan has more than {MOST_REPLICAS:,} replicas"
            yield f"options.{k}.replicas", entry["replicas"], problem


def _unknown_names(part: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """LLMs and pools that the plan does not list."""
    pools = {pool["name"] for pool in part["context"]["pools"]}
    # Plans of 0.1.0 may have no list of LLMs; dual prices name all of them.
    listed = part["context"].get("llms")
    llms = {llm["name"] for llm in listed} if listed is not None else set(part["dual_prices"])
    for key in ("routing", "dual_prices"):
        # Without a setup nothing is routed and no price is known.
        if part["options"] and set(part[key]) != llms:
            yield key, sorted(set(part[key]) ^ llms), "the plan lists other LLMs"
    for key in ("options", "placement"):
        for k, entry in enumerate(part[key]):
            for kind, known in (("llm", llms), ("pool", pools)):
                if entry[kind] not in known:
                    yield f"{key}.{k}.{kind}", entry[kind], f"the plan lists no such {kind}"
    for k, tie in enumerate(part["router"]["ties"]):
        sound = set(tie["llms"]) <= llms and len(tie["llms"]) == len(tie["split"])
        if not sound or not sum(tie["split"]) > 0:
            yield f"router.ties.{k}", tie["llms"], "not LLMs of the plan with a part each"


def _unknown_shards(part: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Shards of no deployed option, or on nodes and GPUs that there are not."""
    pools = {pool["name"]: pool for pool in part["context"]["pools"]}
    keys = ("llm", "pool", "tp_degree", "mps_share_pct", "mig_profile")
    options = {tuple(entry.get(key) for key in keys) for entry in part["options"]}
    for k, shard in enumerate(part["placement"]):
        if tuple(shard.get(key) for key in keys) not in options:
            yield f"placement.{k}", shard, "the plan deploys no such option"
        pool = pools.get(shard["pool"])
        for kind, most in (("node", "nodes"), ("gpu", "gpus_per_node")):
            if pool is not None and not 0 <= shard[kind] < pool[most]:
                yield f"placement.{k}.{kind}", shard[kind], f"the pool has {pool[most]} {most}"
