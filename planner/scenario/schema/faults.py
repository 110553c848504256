"""Faults of a scenario in plain words: pydantic's errors translated, rules between fields, and
dotted paths that lead nowhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from planner.scenario.schema.bounds import LEAST_RATE
from planner.scenario.schema.demand_specification import ALTERNATIVES
from planner.scenario.schema.paths import field_at_schema_path, field_names, models_at_schema_path
from profiles.io.faults import Fault, fault_spelling_guess, shown_in_fault

__all__ = [
    "BLANK_PROBLEM",
    "FOREIGN_PROBLEM",
    "VALUE_PROBLEMS",
    "cross_schema_faults",
    "schema_fault_entries",
    "schema_fault_of",
]

OBJECTIVE = "write {maximize: quality} or {minimize: cost, quality_at_least: 0.55}"
CHEAPEST = (
    "for the cheapest plan of that quality set the whole objective: 'objective={{minimize: cost,"
    " quality_at_least: {}}}'"
)
RESERVED_LLM_NAMES = ("prompt_id", "weight")

_FIXES: Mapping[str, tuple[str, str]] = {
    "string_type": ("this must be text", "put it in quotes if it looks like a number"),
    "string_unicode": ("this is not valid text", "write it without broken characters"),
    "string_too_short": ("the text is empty", "fill it in"),
    "string_too_long": ("the text is too long", "use at most {max_length} characters"),
    "string_pattern_mismatch": (
        "the name is empty, or has spaces at its ends or control characters",
        "write a plain name",
    ),
    "float_type": ("this must be a number", "write a number without quotes"),
    "float_parsing": ("this must be a number", "write a number without quotes"),
    "int_type": (
        "this must be a whole number",
        "write a whole number without quotes and without a point",
    ),
    "int_from_float": ("this must be a whole number", "write a whole number without a point"),
    "int_parsing_size": ("the number is too large", "write a smaller number"),
    "bool_type": ("this must be true or false", "write true or false without quotes"),
    "finite_number": ("the number is not finite", "write a finite number"),
    "rate_too_small": ("the number is too small", f"write 0, or {LEAST_RATE:g} or more"),
    "dict_type": ("this must be keys and values", "write {{name: number}}"),
    "greater_than": ("the number is too small", "write a number above {gt:.12g}"),
    "greater_than_equal": ("the number is too small", "write {ge:.12g} or more"),
    "less_than": ("the number is too large", "write a number below {lt:.12g}"),
    "less_than_equal": ("the number is too large", "write {le:.12g} or less"),
    "tuple_type": ("this must be a list", "write [ ... ] or one line with - for each entry"),
    "too_long": ("the list is too long", "keep {max_length} entries or fewer"),
    "too_short": (
        "the list is empty",
        "write at least one entry, or leave the key out where it has a default",
    ),
    "model_type": ("this must be keys and values", "write key: value"),
    "model_attributes_type": ("this must be keys and values", "write key: value"),
    "union_tag_not_found": (
        "the objective is not one of the two known",
        OBJECTIVE.replace("{", "{{").replace("}", "}}"),
    ),
    "union_tag_invalid": (
        "the objective is not one of the two known",
        OBJECTIVE.replace("{", "{{").replace("}", "}}"),
    ),
}

BLANK_PROBLEM = "the key is missing"
FOREIGN_PROBLEM = "the key does not go with the objective"
CHOICE_PROBLEM = "this is not among the choices"
VERSION_PROBLEM = "the version is unknown"
VALUE_PROBLEMS = frozenset(
    {CHOICE_PROBLEM, VERSION_PROBLEM, *(problem for problem, _ in _FIXES.values())}
)
"""Problems of one value by itself; a workbook says instead what its cell was expected to hold."""


def schema_fault_of(root: type[BaseModel], error: Any, file: str) -> Fault | None:
    """Fault for one error of pydantic (an item of `ValidationError.errors()`); None for a list that
    is short of its faulty entries only.
    """
    where = _schema_place(error["loc"])
    path, kind, value = (
        ".".join(str(part) for part in where),
        error["type"],
        shown_in_fault(error["input"]),
    )
    if kind == "missing":
        fix = (
            OBJECTIVE
            if where[0] == "objective"
            else f"add it ({field_at_schema_path(root, where).description})"
        )
        return Fault(file, path, "", BLANK_PROBLEM, fix)
    if kind == "extra_forbidden" and where[0] == "objective":
        fix = CHEAPEST.format(value) if where[-1] == "quality_at_least" else OBJECTIVE
        return Fault(file, path, value, FOREIGN_PROBLEM, fix)
    if kind == "extra_forbidden":
        known = field_names(models_at_schema_path(root, where[:-1]))
        return Fault(
            file,
            path,
            value,
            "the key is unknown",
            f"{fault_spelling_guess(str(where[-1]), known)}known keys here: {', '.join(known)}",
        )
    if kind == "literal_error":
        expected = error["ctx"]["expected"].replace("'", "")
        fix = f"{fault_spelling_guess(str(error['input']), expected.split(', '))}write {expected}"
        return Fault(file, path, value, CHOICE_PROBLEM, fix)
    if path == "version":
        return Fault(
            file,
            path,
            value,
            VERSION_PROBLEM,
            "write 1: this planner reads version 1 of the format",
        )
    if kind == "too_short" and error["input"]:
        return None
    problem, fix = _FIXES.get(kind, (error["msg"], "see docs/scenario.schema.json"))
    return Fault(file, path, value, problem, fix.format(**error.get("ctx", {})))


def _schema_place(loc: Sequence[Any]) -> list[Any]:
    """The place of an error without the tags of alternatives, which pydantic puts in."""
    where: list[Any] = []
    for i, part in enumerate(loc):
        tagged = i == 1 and loc[0] == "objective" and part in ("maximize", "minimize")
        after = where[-1] if where else None
        either = after in ("arrival_rate_rps", "nodes", "work") and part in ALTERNATIVES
        if not tagged and part != "[key]" and not (either and _names_no_entry(where)):
            where.append(part)
    return where


def _names_no_entry(where: Sequence[Any]) -> bool:
    """Whether a place ends at a key of the schema: a class may be called like one."""
    return len(where) == 1 or isinstance(where[-2], int)


def cross_schema_faults(content: Mapping[str, Any], file: str) -> list[Fault]:
    """Faults of rules between fields, also where other fields are faulty."""
    faults = [
        *_repeated_schema_faults(content, "pools", file),
        *_repeated_schema_faults(content, "llms", file),
        *_repeated_schema_faults(content, "classes", file),
        *_repeated_schema_faults(content, "cases", file),
    ]
    for i, llm in enumerate(schema_fault_entries(content, "llms")):
        low, high = llm.get("min_replicas", 0), llm.get("max_replicas")
        if type(low) is int and type(high) is int and low > high:
            where = f"llms.{i}.min_replicas"
            faults.append(
                Fault(
                    file,
                    where,
                    shown_in_fault(low),
                    f"this is more than max_replicas ({high})",
                    "lower it or raise max_replicas",
                )
            )
        if llm.get("name") in RESERVED_LLM_NAMES:
            faults.append(
                Fault(
                    file,
                    f"llms.{i}.name",
                    shown_in_fault(llm["name"]),
                    "the scores table has another column of this name",
                    "rename the LLM",
                )
            )
    return faults


def schema_fault_entries(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Entries of a list of mappings; {} for what is not a mapping."""
    entries = content.get(key)
    return (
        [entry if isinstance(entry, dict) else {} for entry in entries]
        if isinstance(entries, list)
        else []
    )


def _repeated_schema_faults(content: Mapping[str, Any], key: str, file: str) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for i, entry in enumerate(schema_fault_entries(content, key)):
        name = entry.get("name")
        if isinstance(name, str) and first.setdefault(name, i) != i:
            where = f"{key}.{i}.name"
            faults.append(
                Fault(
                    file,
                    where,
                    shown_in_fault(name),
                    f"the name is already used at {key}.{first[name]}",
                    "give every entry a different name",
                )
            )
    return faults
