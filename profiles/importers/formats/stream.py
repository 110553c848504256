"""Files of any size -> JSON trees without their bulk: what is known to be per request is skipped
while reading.

Read are JSON and JSON lines (also several objects one after the other), plain or packed by gzip,
UTF-8. `NaN` and `Infinity`, which Python tools write and strict parsers refuse, are accepted: NaN
becomes null, Infinity a number that `fields.number` reads as infinite.
"""

import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any, cast

import ijson

from profiles.io.faults import Fault

__all__ = ["read_json_stream", "sniff_stream", "stream_list_items"]

CHUNK = 1 << 17
DEPTH_LIMIT = 100
VALUES_LIMIT = 2_000_000
"""A file with more values outside the skipped lists than this is no summary of benchmark runs."""

BULK = frozenset(
    (
        *(
            "itls",
            "generated_texts",
            "errors",
            "start_times",
            "queue_times",
            "server_queue_times",
            "server_ttfts",
            "input_requests",
        ),
        *(
            "request_samples",
            "cumulative_distribution_function",
            "pdf",
            "time_series",
            "timeslices",
            "series",
            "input_texts",
        ),
    )
)
"""Lists and mappings under these keys are skipped."""
REQUESTS = "requests"
"""Lists under this key, and lists in a mapping under it, are skipped (numbers and statistics there
are not).
"""

_CONSTANT = re.compile(rb'(?<![\w"\\.\-])(-?)(NaN|Infinity)(?![\w"])')
_WORD_AT_END = re.compile(rb"-?[A-Za-z]{0,8}\Z")
_STARTS = ("start_map", "start_array")
_ENDS = ("end_map", "end_array")


def sniff_stream(path: Path) -> str:
    """What a file holds by its first bytes: `json`, `parquet`, `text`, `empty`, `binary`, `utf-16`
    or `packed` (but JSON by gzip).
    """
    packed = _is_packed(path)
    with _opened(path) as stream:
        head = stream.read(4096)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh")):
        return "packed"
    if b"\0" in head:
        return "binary"
    body = head.lstrip()
    return "empty" if not body else "json" if body[:1] in b"{[" else "packed" if packed else "text"


def read_json_stream(path: Path, faults: list[Fault]) -> list[tuple[str, Any]]:
    """Every JSON value of a file with its place ("" when it is the only one, else `value 3`); a
    fault where the file is not sound.
    """
    trees: list[Any] = []
    try:
        with _opened(path) as stream:
            events = ijson.basic_parse(
                _LenientStream(stream), use_float=True, multiple_values=True, buf_size=CHUNK
            )
            counted = _Counted(events)
            trees.extend(
                _stream_value(event, value, counted, "", "", 0) for event, value in counted
            )
    except ijson.JSONError as error:
        faults.append(_stream_syntax_fault(path, str(error), len(trees)))
    except _TooMuchError as error:
        faults.append(Fault(str(path), "", "", str(error), "name a file of benchmark results"))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        faults.append(
            Fault(str(path), "", "", f"the file cannot be read ({error})", "check the file")
        )
    return [(f"value {k}" if len(trees) > 1 else "", tree) for k, tree in enumerate(trees, start=1)]


def stream_list_items(
    path: Path,
    key: str,
    wanted: Collection[str],
    faults: list[Fault],
    inside: Collection[str] = (),
) -> Iterator[dict[str, Any]]:
    """Items of the list under a top-level key, one by one: their wanted fields alone, lists and
    mappings left out. A fault where the file is not sound; what came before it counts.

    inside: mappings of an item whose fields are read too, `attributes` as `attributes.NAME`.
    """
    try:
        with _opened(path) as stream:
            events = ijson.basic_parse(_LenientStream(stream), use_float=True, buf_size=CHUNK)
            yield from _items_of_list(iter(events), key, wanted, inside)
    except ijson.JSONError as error:
        faults.append(_stream_syntax_fault(path, str(error), 0))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        faults.append(
            Fault(str(path), "", "", f"the file cannot be read ({error})", "check the file")
        )


def _items_of_list(
    events: Iterator[tuple[str, Any]], key: str, wanted: Collection[str], inside: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Items of the list under a key of the outermost mapping."""
    if next(events, ("", None))[0] != "start_map":
        return
    name = ""
    for event, value in events:
        if event == "map_key":
            name = value
        elif event == "start_array" and name == key:
            for inner, _ in events:
                if inner == "end_array":
                    break
                if inner == "start_map":
                    yield _flat_item(events, wanted, inside)
                elif inner in _STARTS:
                    _skip_in_stream(events)
        elif event in _STARTS:
            _skip_in_stream(events)


def _flat_item(
    events: Iterator[tuple[str, Any]], wanted: Collection[str], inside: Collection[str]
) -> dict[str, Any]:
    """The wanted fields of a mapping that has just begun, up to its end."""
    fields: dict[str, Any] = {}
    name = ""
    for event, value in events:
        if event == "end_map":
            break
        if event == "map_key":
            name = value
        elif event == "start_map" and name in inside:
            nested = _flat_item(events, {one.removeprefix(f"{name}.") for one in wanted}, ())
            fields |= {f"{name}.{one}": part for one, part in nested.items()}
        elif event in _STARTS:
            _skip_in_stream(events)
        elif name in wanted:
            fields[name] = value
    return fields


class _TooMuchError(Exception):
    """The file is too deep or too large to be what we look for."""


class _LenientStream:
    """A stream of bytes without byte-order mark and with the constants NaN and Infinity spelled as
    JSON numbers.

    Words are never cut: letters at the end of a chunk wait for the next one. Inside text the
    constants are replaced too, which is
    harmless: no text that is used holds them.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._first = True

    def read(self, size: int = CHUNK) -> bytes:
        """Read about `size` bytes; b"" at the end alone."""
        if size == 0:
            return b""
        while True:
            fresh = self._stream.read(size)
            if self._first:
                fresh, self._first = fresh.removeprefix(b"\xef\xbb\xbf"), False
            chunk = self._kept + fresh
            self._kept = b""
            if fresh:
                end = _WORD_AT_END.search(chunk[-9:])
                length = len(end.group()) if end else 0
                chunk, self._kept = chunk[: len(chunk) - length], chunk[len(chunk) - length :]
            if b"NaN" in chunk or b"Infinity" in chunk:
                chunk = _CONSTANT.sub(_spelt, chunk)
            if chunk or not fresh:
                return chunk


def _spelt(constant: re.Match[bytes]) -> bytes:
    return b"null" if constant[2] == b"NaN" else constant[1] + b"1e308"


def _opened(path: Path) -> IO[bytes]:
    """Open a file, unpacked when it is packed by gzip."""
    return cast("IO[bytes]", gzip.open(path)) if _is_packed(path) else path.open("rb")


def _is_packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


class _Counted:
    """Passes events on, `VALUES_LIMIT` of them at most; `_skip_in_stream` goes around this
    count.
    """

    def __init__(self, events: Iterator[tuple[str, Any]]) -> None:
        self.uncounted = events
        self._left = VALUES_LIMIT

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self

    def __next__(self) -> tuple[str, Any]:
        self._left -= 1
        if self._left < 0:
            raise _TooMuchError(
                f"the file has more than {VALUES_LIMIT:,} values outside its lists of single"
                " requests"
            )
        return next(self.uncounted)


def _stream_value(event: str, value: Any, events: Any, key: str, parent: str, depth: int) -> Any:
    """Build one value from its events.

    key, parent: the keys of it and of the value around it.
    """
    if event not in _STARTS:
        return value
    if depth > DEPTH_LIMIT:
        raise _TooMuchError(f"values are nested deeper than {DEPTH_LIMIT} levels")
    if key in BULK or (event == "start_array" and REQUESTS in (key, parent)):
        _skip_in_stream(events.uncounted)
        return None
    if event == "start_array":
        items: list[Any] = []
        for inner, part in events:
            if inner == "end_array":
                return items
            items.append(_stream_value(inner, part, events, "", key, depth + 1))
    mapping: dict[str, Any] = {}
    name = ""
    for inner, part in events:
        if inner == "end_map":
            return mapping
        if inner == "map_key":
            name = part
        else:
            mapping[name] = _stream_value(inner, part, events, name, key, depth + 1)
    return mapping


def _skip_in_stream(events: Iterator[tuple[str, Any]]) -> None:
    """Read on to the end of the list or mapping that has just begun."""
    depth = 1
    for event, _ in events:
        if event in _STARTS:
            depth += 1
        elif event in _ENDS:
            depth -= 1
            if depth == 0:
                return


def _stream_syntax_fault(path: Path, message: str, before: int) -> Fault:
    reason = (message.strip().splitlines() or ["unknown"])[0][:120]
    where = f"value {before + 1}" if before else ""
    if "premature EOF" in message or "Incomplete" in message or "incomplete" in message:
        return Fault(
            str(path),
            where,
            "",
            "the file ends in the middle",
            "it was cut off; copy it again, or run the benchmark again",
        )
    if "UTF8" in message or "utf-8" in message:
        return Fault(str(path), where, "", "the file is not UTF-8 text", "save it as UTF-8")
    return Fault(
        str(path),
        where,
        "",
        f"this is not sound JSON ({reason})",
        "write the file again with the tool",
    )
