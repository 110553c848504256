"""Scenarios and tables held in memory: written into a temporary folder, so that everything
that reads files reads them too, worker processes of a sweep included.
"""

import json
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import DataError

__all__ = ["TemporaryFiles", "content_for_temporary_files", "naming_temporary_files"]

TABLES = ("profiles", "scores", "demand")


class TemporaryFiles:
    """A folder, made on first use and removed when nothing refers to this object any more.

    names: path -> what the caller knows the file as.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    @cached_property
    def folder(self) -> Path:
        """The folder itself."""
        folder = Path(tempfile.mkdtemp(prefix="joint-llm-planner-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def write_scenario(self, content: Mapping[str, Any]) -> Path:
        """Write a scenario file. content: keys of a scenario; `profiles`, `scores`, `demand` and
        the `scores` of classes are paths (relative to the current folder) or DataFrames.
        """
        path = self.folder / "scenario.yaml"
        self.names[str(path)] = "scenario (mapping)"
        plain = content_for_temporary_files(self.write_tables(content))
        for holder, key, _ in _table_places(plain):
            if isinstance(holder[key], str) and holder[key]:
                holder[key] = str(Path(holder[key]).absolute())
        # JSON is YAML too, and says every text, number and null as it is.
        path.write_text(json.dumps(plain), encoding="utf-8")
        return path

    def write_tables(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The same content with paths in place of DataFrames. A named index is a column."""
        paths = dict(content)
        if isinstance(classes := content.get("classes"), list | tuple):
            paths["classes"] = [dict(one) if isinstance(one, Mapping) else one for one in classes]
        for holder, key, name in _table_places(paths):
            if isinstance(frame := holder[key], pd.DataFrame):
                path = self.folder / f"{name}.csv"
                self.names[str(path)] = f"{name} (DataFrame)"
                frame.to_csv(path, index=frame.index.name is not None)
                holder[key] = str(path)
        return paths


def _table_places(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Where a scenario's content names tables: the mapping, its key, the dotted path."""
    yield from ((content, key, key) for key in TABLES if key in content)
    classes = content.get("classes")
    for c, one in enumerate(classes if isinstance(classes, list) else ()):
        if isinstance(one, dict) and "scores" in one:
            yield one, "scores", f"classes.{c}.scores"


@contextmanager
def naming_temporary_files(files: Iterable[TemporaryFiles]) -> Iterator[None]:
    """Within, faults name mappings and DataFrames, not temporary files unknown to the caller."""
    names = {path: name for one in files for path, name in one.names.items()}
    try:
        yield
    except DataError as error:
        faults = [replace(fault, file=names.get(fault.file, fault.file)) for fault in error.faults]
        raise type(error)(faults, error.notices) from None


def content_for_temporary_files(content: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that JSON can hold: numpy's numbers and arrays as Python's, tuples as lists; anything
    else by its text, which the schema refuses with the key's name.
    """
    plain: dict[str, Any] = json.loads(json.dumps(dict(content), default=_plain))
    return plain


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
