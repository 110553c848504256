"""Files and folders -> runs of benchmark tools and tables of our own; anything that is not a
benchmark result is reported, never ignored silently.

A file that is named must be readable: faults. In a folder (with all that is under it) other files
may lie: they are counted. Companions of a tool's results (summaries that mix load points, side
files) are passed over either way and reported.
"""

import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from profiles.importers.formats.detect import KNOWN_TOOLS, detect_runs, known_tools
from profiles.importers.formats.fields import field_at, text
from profiles.importers.formats.inference_perf import TOOL as INFERENCE_PERF
from profiles.importers.formats.record import Run
from profiles.importers.formats.stream import read_json_stream, sniff_stream
from profiles.io.faults import Fault, file_text_or_fault, shown_in_fault
from profiles.io.yaml_text import parse_yaml

__all__ = ["FileAccount", "Read", "discover_files", "expand_discovered_paths"]

YAML_LIMIT = 5_000_000
"""Bytes; reading takes about 3 s a million."""
FILES_LIMIT = 20_000

NOT_READ = {
    "empty": ("the file is empty", "run the benchmark again"),
    "binary": ("the file is neither text nor Parquet", f"name a file of one of: {KNOWN_TOOLS}"),
    "utf-16": ("the file is UTF-16 text", "save it as UTF-8"),
    "packed": ("the file is packed (only JSON in gzip is read so)", "unpack it first"),
}
METRICS = (
    "this is text of /metrics of a running server, not of a benchmark",
    "name it by --prometheus",
)
_METRICS_LINE = re.compile(r"# (HELP|TYPE) \S+ |([a-z]+_)?(vllm|sglang)[:_]\S+ \S")
FOREIGN_CSV = (
    (
        "this CSV is not a profile table (the column rate_rps is missing); tools' own CSV files are"
        " not read"
    ),
    "name the tool's JSON file, or a table as docs/inputs.md describes it",
)


@dataclass
class FileAccount:
    """What became of one file.

    kinds: tool and version of its runs; taken: points; left_out and notices: sentences.
    """

    file: str
    kinds: list[str] = field(default_factory=list)
    taken: int = 0
    left_out: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


@dataclass
class Read:
    """runs: in the order of the files; tables: paths of profile tables of our own; files: what
    became of each file.

    passed: files in folders that are no benchmark results, (file, reason).
    """

    runs: list[Run] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    files: dict[str, FileAccount] = field(default_factory=dict)
    passed: list[tuple[str, str]] = field(default_factory=list)


def discover_files(paths: Sequence[Path], faults: list[Fault]) -> Read:
    """Read every file, and every file under every folder, once.

    Faults are those of files that were named, and of broken results.
    """
    read = Read()
    for path, named in expand_discovered_paths(paths, faults):
        try:
            _discover_one(path, read, faults, named=named)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error
            faults.append(
                Fault(
                    str(path),
                    "",
                    "",
                    f"the file cannot be read ({reason})",
                    "check its permissions, or copy it again",
                )
            )
    return read


def expand_discovered_paths(
    paths: Sequence[Path], faults: list[Fault]
) -> Iterable[tuple[Path, bool]]:
    """(file, whether it was named itself), sorted within a folder; hidden files are left alone."""
    seen: set[str] = set()
    for path in paths:
        if not path.is_dir():
            inside, named = [path], True
            if not path.is_file():
                _, fault = file_text_or_fault(path)
                faults.append(
                    fault
                    or Fault(str(path), "", "", "this is not a regular file", "name a regular file")
                )
                continue
        else:
            hidden = (
                p
                for p in path.rglob("*")
                if p.is_file()
                and not any(part.startswith(".") for part in p.relative_to(path).parts)
            )
            inside, named = sorted(hidden), False
            if not inside or len(inside) > FILES_LIMIT:
                count = (
                    f"{len(inside):,} files are in the folder"
                    if inside
                    else "there are no files in the folder"
                )
                faults.append(Fault(str(path), "", "", count, "name the folder with the results"))
                continue
        for file in inside:
            place = os.path.realpath(file)
            if place not in seen:
                seen.add(place)
                yield file, named


def _discover_one(path: Path, read: Read, faults: list[Fault], *, named: bool) -> None:
    kind, file = sniff_stream(path), str(path)
    if kind == "json":
        _take_discovered(path, read_json_stream(path, faults), read, faults, named=named)
    elif kind == "parquet":
        read.tables.append(path)
        read.files[file] = FileAccount(file, ["profile table"])
    elif kind == "text":
        _read_discovered_text(path, read, faults, named=named)
    else:
        _pass_over_discovered(Fault(file, "", "", *NOT_READ[kind]), read, faults, named=named)


def _read_discovered_text(path: Path, read: Read, faults: list[Fault], *, named: bool) -> None:
    """A CSV table of ours, or YAML."""
    size = path.stat().st_size
    content, fault = file_text_or_fault(path)
    if fault:
        _pass_over_discovered(replace(fault, value=""), read, faults, named=named)
        return
    if not content.strip():  # Unicode has more blanks than the sniffer's
        fault = Fault(str(path), "", "", *NOT_READ["empty"])
        _pass_over_discovered(fault, read, faults, named=named)
        return
    header = content.lstrip().splitlines()[0]
    if _METRICS_LINE.match(header):
        _pass_over_discovered(Fault(str(path), "", "", *METRICS), read, faults, named=named)
        return
    if "rate_rps" in header.replace('"', "").replace(";", ",").replace("\t", ",").split(","):
        read.tables.append(path)
        read.files[str(path)] = FileAccount(str(path), ["profile table"])
    elif header.count(",") > 3 and ":" not in header:
        _pass_over_discovered(Fault(str(path), "", "", *FOREIGN_CSV), read, faults, named=named)
    elif size > YAML_LIMIT:
        reason = (
            f"the file is no JSON, and {size:,} bytes are too many for YAML (limit {YAML_LIMIT:,})"
        )
        fault = Fault(str(path), "", "", reason, "name the tool's JSON file")
        _pass_over_discovered(fault, read, faults, named=named)
    else:
        text_faults: list[Fault] = []
        tree = parse_yaml(content, str(path), text_faults)
        if text_faults or not isinstance(tree, dict | list):
            why = (
                f" (as YAML it stops in {text_faults[0].where})"
                if text_faults and text_faults[0].where
                else ""
            )
            problem = f"the file is neither JSON nor YAML nor a table of ours{why}"
            fault = Fault(str(path), "", "", problem, NOT_READ["binary"][1])
            _pass_over_discovered(fault, read, faults, named=named)
        else:
            _take_discovered(path, [("", tree)], read, faults, named=named)


def _take_discovered(
    path: Path, trees: list[tuple[str, Any]], read: Read, faults: list[Fault], *, named: bool
) -> None:
    """Find the runs in the trees of one file."""
    file = str(path)
    account = FileAccount(file)
    strange: list[tuple[str, str]] = []
    for place, tree in trees:
        for run in detect_runs(tree, file, place):
            if isinstance(run, Run):
                read.runs.append(_with_discovered_model(run, path))
                account.kinds.append(f"{run.tool} {run.version}".strip())
            elif run[2]:
                account.left_out.append(f"{run[0]}: {run[1]}" if run[0] else run[1])
            else:
                strange.append(run[:2])
    if account.kinds or account.left_out:
        account.kinds = list(dict.fromkeys(account.kinds)) or ["no load point"]
        read.files[file] = account
    for place, reason in strange:
        fix = f"name files of: {known_tools()}"
        _pass_over_discovered(
            Fault(file, place, "", reason, fix), read, faults, named=named or bool(account.kinds)
        )


def _with_discovered_model(run: Run, path: Path) -> Run:
    """inference-perf keeps the model's name in the configuration next to its stages."""
    config = path.parent / "config.yaml"
    if (
        run.model
        or run.tool != INFERENCE_PERF
        or not config.is_file()
        or config.stat().st_size > YAML_LIMIT
    ):
        return run
    content, fault = file_text_or_fault(config)
    model = (
        ""
        if fault
        else text(field_at(parse_yaml(content, str(config), []), "server", "model_name"))
    )
    if not model:
        return run
    return replace(
        run,
        model=model,
        notices=(*run.notices, f"the model's name ({shown_in_fault(model)}) is that in {config}"),
    )


def _pass_over_discovered(fault: Fault, read: Read, faults: list[Fault], *, named: bool) -> None:
    """A fault when the file was named, else one more that was passed over."""
    if named:
        faults.append(fault)
    else:
        read.passed.append((fault.file, fault.problem))
