"""The template of an input workbook, how to change it, and the faults it then has."""

import subprocess
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pandas as pd
import pytest

from planner.packed_files import PAGE_EXAMPLES, packed_example_path
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import template_inputs
from profiles.io.faults import DataError, Fault
from reports.workbook.input_sheets import write_input_book
from tests.support.paths import HOME
from tests.support.planner_run import run_planner

EXAMPLES = sorted(
    [*map(packed_example_path, PAGE_EXAMPLES), *HOME.glob("examples/paper-study/*.yaml")]
)
"""Those that a workbook can hold."""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_template_book(tmp_path / "book.xlsx")


def write_template_book(path: Path) -> Path:
    """The template as a workbook, which is made only once."""
    path.write_bytes(_template_book())
    return path


@cache
def _template_book() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        write_input_book(path, template_inputs())
        return path.read_bytes()


def edit(path: Path, change: Callable[[Any], None]) -> Path:
    workbook = openpyxl.load_workbook(path)
    change(workbook)
    workbook.save(path)
    return path


def put(path: Path, **cells: Any) -> Path:
    """Put values into cells, e.g. `Pools__C2=8`; `Demand` means Demand & SLO."""

    def change(workbook: Any) -> None:
        for place, value in cells.items():
            title, cell = place.split("__")
            workbook["Demand & SLO" if title == "Demand" else title][cell] = value

    return edit(path, change)


def faults_of(path: Path, *overrides: str) -> list[Fault]:
    with pytest.raises(DataError) as caught:
        assemble_instance(path, overrides)
    for fault in caught.value.faults:
        assert fault.problem
        assert fault.fix, fault
        assert "\n" not in str(fault)
    return list(caught.value.faults)


def fault_lines(path: Path, *overrides: str) -> list[str]:
    return [str(fault).removeprefix(f"{path}:").strip() for fault in faults_of(path, *overrides)]


def write_case(
    folder: Path, llms: list[str], prompts: int = 3, prompt_ids: list[str] | None = None
) -> Path:
    ids = prompt_ids or [f"p{i}" for i in range(prompts)]
    scores = pd.DataFrame(
        {
            "prompt_id": ids,
            **{
                llm: [(i * 0.37 + k * 0.11) % 1 for i in range(len(ids))]
                for k, llm in enumerate(llms)
            },
        }
    )
    scores.to_csv(folder / "scores.csv", index=False)
    rows = [
        {
            "llm": llm,
            "gpu": "=G",
            "tp_degree": 1,
            "mps_share_pct": 100,
            "rate_rps": 5,
            "ttft_mean_ms": 100,
        }
        for llm in llms
    ]
    pd.DataFrame(rows).assign(memory_gib_per_gpu=10, source="=cmd|' /C calc'!A0").to_csv(
        folder / "profiles.csv", index=False
    )
    named = "".join(f"  - {{name: {text!r}}}\n" for text in map(Quoted, llms))
    pool = 'pools:\n  - {name: "@pool", gpu: "=G", nodes: 4, gpus_per_node: 4, memory_gib: 80}\n'
    rest = (
        "profiles: profiles.csv\nscores: scores.csv\narrival_rate_rps: 2\nslo: []\nobjective:"
        " {maximize: quality}\n"
    )
    (folder / "scenario.yaml").write_text(
        f'version: 1\nname: "=case"\n{pool}llms:\n{named}{rest}', encoding="utf-8"
    )
    return folder / "scenario.yaml"


class Quoted(str):
    """Text in single quotes of YAML."""

    def __repr__(self) -> str:
        return "'" + self.replace("'", "''") + "'"


def sound_or_faulty(path: Path) -> None:
    try:
        assemble_instance(path)
    except DataError as error:
        faults = error.faults
    else:
        return
    assert faults
    assert all(fault.problem and str(fault).isprintable() for fault in faults)


def planner(*words: str) -> subprocess.CompletedProcess[str]:
    return run_planner(words, HOME)


def repacked(
    book: Path,
    target: Path,
    parts: dict[str, bytes | Callable[[zipfile.ZipFile], None]],
    stored: bool = False,
) -> Path:
    """Copy a workbook, some parts replaced or added.

    stored: those are not compressed, so that no ratio gives them away.
    """
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            if isinstance(part, bytes):
                new.writestr(name, part, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
            else:
                part(new)
    return target
