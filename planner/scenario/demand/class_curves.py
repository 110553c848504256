"""Curves of classes that have profile rows of their own."""

from collections.abc import Mapping

from planner.scenario.schema.specification import ScenarioSpec
from profiles.class_rows import CLASS
from profiles.curves import ProfiledOption, ProfileTable
from profiles.io.faults import Fault, fault_spelling_guess

__all__ = ["OwnRows", "check_class_rows", "own_rows_of_classes", "profiled_option_key"]

OptionKey = tuple[str, str, int, float, str]
OwnRows = Mapping[tuple[str, OptionKey], ProfiledOption]
"""(class, option) -> the rows of this class."""


def profiled_option_key(option: ProfiledOption) -> OptionKey:
    """What a profiled option is known by: LLM, GPU, degree, share in per cent, MIG profile."""
    return option.key


def own_rows_of_classes(tables: Mapping[str, ProfileTable]) -> OwnRows:
    """Rows of every class by option. tables: by class."""
    return {
        (name, profiled_option_key(option)): option
        for name, table in tables.items()
        for option in table.options
    }


def check_class_rows(
    spec: ScenarioSpec,
    base: ProfileTable,
    tables: Mapping[str, ProfileTable],
    faults: list[Fault],
) -> None:
    """Rows name classes of the scenario, and options that have rows without a class."""
    known = [one.name for one in spec.classes or ()]
    options = {profiled_option_key(option) for option in base.options}
    for name, table in tables.items():
        if name not in known:
            first = min(option.rows[0] for option in table.options)
            where = f"row {first}, column {CLASS}"
            guess = fault_spelling_guess(name, known)
            problem = "the scenario has no class of this name"
            fix = f"{guess}known here: {', '.join(known)}"
            faults.append(Fault(table.file, where, repr(name), problem, fix))
        for option in table.options:
            if profiled_option_key(option) not in options:
                problem = f"{option.words} has no rows without a class"
                fix = "add them: they serve the other classes"
                place = f"row {option.rows[0]}, column {CLASS}"
                faults.append(Fault(table.file, place, repr(name), problem, fix))
