"""Classes, cases, their rates and LLMs outside the cluster, from the sheets of a workbook.

Classes, Cases      one row each, with the keys of the scenario
Class SLOs          one row an SLO of a class
Rates               one row a class in a case: the table `demand` of the scenario
Outside LLMs        one row an LLM of the sheet LLMs that has an `api`
Scores ...          score tables of classes, named on Classes; a name that ends in .csv or .parquet
                    is a file
"""

from collections.abc import Mapping
from typing import Any

from planner.scenario.workbook_headers import InputBook
from planner.scenario.workbook_tables import read_class_score_table, read_workbook_rates
from profiles.io.cells import UnusableCell
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.workbook_cells import Sheet, normal
from profiles.workbook_layout import CASES, CLASSES, LLMS, OUTSIDE, RATES, SCORES

__all__ = ["join_workbook_demand"]

FILES = (".csv", ".parquet")
RATE = "arrival_rate_rps"


def join_workbook_demand(book: InputBook, sheets: Mapping[str, Sheet], faults: list[Fault]) -> None:
    """Put what the sheets of a demand hold where the scenario has it. Their rows are in
    `book.content` under `classes`, `class_slos`, `cases` and `outside`, `class_slos` and `outside`
    leave it again.
    """
    for key in ("classes", "cases"):
        if book.content.get(key) == []:
            # A sheet without rows is as good as none.
            del book.content[key]
    _join_outside(book, book.content.pop("outside", []), faults)
    _join_class_slos(book, book.content.pop("class_slos", []), faults)
    _join_class_scores(book, sheets, faults)
    _join_rates(book, sheets, faults)


def _entries(book: InputBook, key: str) -> list[dict[str, Any]]:
    """Rows of a list; [] where its sheet is missing."""
    entries: list[dict[str, Any]] = book.content.get(key, [])
    return entries


def _at(book: InputBook, path: str) -> str:
    """The cell of a dotted path."""
    return book.places.cells.get(path, ("", None))[0]


def _named(
    book: InputBook, entry: Mapping[str, Any], row: tuple[str, str], key: str, faults: list[Fault]
) -> int | None:
    """Position in `key` of what a row of another sheet names; None with a fault.

    row: dotted path of the row, and its column that names.
    """
    where, column = f"{row[0]}.{row[1]}", row[1]
    title = CLASSES if key == "classes" else LLMS
    names = [one.get("name") for one in _entries(book, key)]
    name, place = entry.get(column), _at(book, where) or _at(book, row[0])
    if isinstance(name, UnusableCell):
        faults.append(book.fault(place, f'"{name.value}"', name.problem, name.fix))
        return None
    if name in names:
        return names.index(name)
    known = [str(one) for one in names if one is not None]
    guess = "" if name is None else fault_spelling_guess(str(name), known)
    value = "" if name is None else f'"{name}"'
    fix = f"{guess}known on {title}: {', '.join(known)}" if known else f"add it to {title}"
    faults.append(book.fault(place, value, f"the sheet {title} has no such name", fix))
    return None


def _move_places(book: InputBook, old: str, new: str) -> None:
    """What was at a path, and below it, is at another one."""
    cells = book.places.cells
    for path in [path for path in cells if path == old or path.startswith(f"{old}.")]:
        cells[new + path.removeprefix(old)] = cells.pop(path)


def _join_outside(book: InputBook, rows: list[dict[str, Any]], faults: list[Fault]) -> None:
    """Every row is the `api` of an LLM."""
    for k, row in enumerate(rows):
        path = f"outside.{k}"
        i = _named(book, row, (path, "name"), "llms", faults)
        if i is None:
            continue
        entry = book.content["llms"][i]
        if "api" in entry:
            value, place = f'"{row["name"]}"', _at(book, f"{path}.name")
            problem = f"the LLM has a row of {OUTSIDE} already"
            faults.append(book.fault(place, value, problem, "keep one of them"))
            continue
        entry["api"] = {key: value for key, value in row.items() if key != "name"}
        _move_places(book, path, f"llms.{i}.api")


def _join_class_slos(book: InputBook, rows: list[dict[str, Any]], faults: list[Fault]) -> None:
    """Every row is an SLO of a class."""
    for k, row in enumerate(rows):
        path = f"class_slos.{k}"
        i = _named(book, row, (path, "class"), "classes", faults)
        if i is None:
            continue
        slos = book.content["classes"][i].setdefault("slo", [])
        _move_places(book, path, f"classes.{i}.slo.{len(slos)}")
        slos.append({key: value for key, value in row.items() if key != "class"})


def _join_class_scores(book: InputBook, sheets: Mapping[str, Sheet], faults: list[Fault]) -> None:
    """A class names a sheet of scores, which is read as a table, or a file."""
    titles = {normal(title): title for title in sheets if normal(title).startswith(normal(SCORES))}
    for i, entry in enumerate(_entries(book, "classes")):
        name = entry.get("scores")
        if not isinstance(name, str) or name.lower().endswith(FILES):
            continue
        title = titles.get(normal(name))
        if title is not None:
            entry["scores"] = read_class_score_table(book, sheets[title], title, faults)
            continue
        del entry["scores"]
        fix = fault_spelling_guess(name, list(titles.values()))
        fix += f"name a sheet that begins with {SCORES}, or a file that ends with .csv or .parquet"
        problem = "there is no such sheet of scores"
        faults.append(book.fault(_at(book, f"classes.{i}.scores"), f'"{name}"', problem, fix))


def _join_rates(book: InputBook, sheets: Mapping[str, Sheet], faults: list[Fault]) -> None:
    """Rates of classes in cases are on the sheet Rates; of classes alone, or of cases alone, they
    are a column there.
    """
    classes, cases = _entries(book, "classes"), _entries(book, "cases")
    both = bool(classes and cases)
    for key, title, entries in (("classes", CLASSES, classes), ("cases", CASES, cases)):
        for i, entry in enumerate(entries):
            if both and entry.pop(RATE, None) is not None:
                problem = f"classes in cases have their rates on the sheet {RATES}"
                place = _at(book, f"{key}.{i}.{RATE}")
                faults.append(book.fault(place, "", problem, f"empty the column of {title}"))
    if both:
        read_workbook_rates(book, sheets.get(RATES), faults)
        return
    if RATES in sheets and len(sheets[RATES].rows) > 1:
        other = CASES if classes else CLASSES
        fix = f"write the sheets {CLASSES} and {CASES}, or empty {RATES}"
        faults.append(book.fault(RATES, "", f"rates need the sheet {other} too", fix))
    if classes and RATE not in book.content:
        _join_rates_of_classes(book, classes, faults)


def _join_rates_of_classes(
    book: InputBook, classes: list[dict[str, Any]], faults: list[Fault]
) -> None:
    """arrival_rate_rps by class, where there are no cases."""
    rates = {}
    for i, entry in enumerate(classes):
        name, old = entry.get("name"), f"classes.{i}.{RATE}"
        rate = entry.pop(RATE, None)
        if rate is None:
            problem = "without cases every class has its rate here, and the cell is blank"
            fix = f"write it, 0 where nothing arrives; or write the sheets {CASES} and {RATES}"
            place = _at(book, old) or _at(book, f"classes.{i}")
            faults.append(book.fault(place, "", problem, fix))
        _move_places(book, old, f"{RATE}.{name}")
        # What is missing is told above, and once is enough.
        rates[name] = 1.0 if rate is None else rate
    book.content[RATE] = rates
