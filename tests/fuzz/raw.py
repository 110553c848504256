"""Damage to bytes, to texts as texts, and to the parts of a workbook."""

import io
import re
import zipfile
import zlib
from random import Random

from tests.fuzz.values import strange_number, strange_text

__all__ = ["damaged_bytes", "damaged_text", "damaged_workbook"]

LINES = (
    *("---", "...", "%YAML 1.1", "? x", "- ", "x: &a 1", "y: *a", "<<: {a: 1}", "z: !!set {a}"),
    *("\t- x", "x: |", "# é", "name: twice", "{", "]", '"', "'", ",,,", "{}", "[[[[", "null"),
)
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;">]><x>&c;</x>'
)
DATE = (1980, 1, 1, 0, 0, 0)


def damaged_bytes(content: bytes, rng: Random) -> bytes:
    """One damage that knows nothing of structure."""
    damage, at = rng.randrange(9), rng.randrange(len(content) + 1)
    end = min(len(content), at + rng.choice((1, 4, 64, 1000)))
    if damage == 0:
        return content[:at]
    if damage == 1:
        return content[at:]
    if damage == 2:
        return content[:at] + content[end:]
    if damage == 3:
        return content[:end] + content[at:end] * rng.choice((1, 10, 100)) + content[end:]
    if damage == 4:
        return content[:at] + bytes(rng.randrange(256) for _ in range(8)) + content[at:]
    if damage == 5:
        return content[:at] + b"\x00" * rng.choice((1, 8, 4096)) + content[at:]
    if damage == 6:
        return rng.choice((b"", b"\n", b"\xff\xfe", b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"{"))
    changed = bytearray(content)
    for _ in range(rng.choice((1, 3, 30)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def damaged_text(content: bytes, rng: Random) -> bytes:
    """One damage by lines or characters; of bytes that are no text, one of `damaged_bytes`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return damaged_bytes(content, rng)
    lines, damage = text.split("\n"), rng.randrange(9)
    at = rng.randrange(len(lines))
    if damage == 0:
        lines.insert(at, lines[rng.randrange(len(lines))])
    elif damage == 1:
        lines.insert(at, rng.choice(LINES))
    elif damage == 2:
        lines[at] = rng.choice((" ", "\t", "    ", "- ")) + lines[at]
    elif damage == 3:
        signs = '{}[]:,"#&*!|>%@`\x00\x85\ufeff\u2028'
        where = rng.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:where] + rng.choice(signs) + lines[at][where:]
    elif damage == 4:
        kind = rng.randrange(3)
        depth = rng.choice((31, 300, 5000))
        opened = ("[" * depth, "{a: " * depth, "- " * depth)[kind]
        lines.insert(at, f"deep: {opened}" if kind < 2 else opened)
    elif damage == 5:
        return text.replace("\n", rng.choice(("\r", "\r\n", "\x85", " "))).encode()
    elif damage == 6:
        encoding = rng.choice(("utf-8-sig", "utf-16", "utf-32", "latin-1", "utf-7"))
        return text.encode(encoding, "replace")
    elif damage == 7:
        many = rng.choice((1001, 20_000))
        lines += [f"k{k}: {k}" for k in range(many)]
    else:
        numbers = list(re.finditer(r"\d+(?:\.\d+)?", lines[at]))
        if numbers:
            number = rng.choice(numbers)
            new = str(rng.choice((strange_number(rng), strange_text(rng))))
            lines[at] = lines[at][: number.start()] + new + lines[at][number.end() :]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def damaged_workbook(content: bytes, rng: Random) -> bytes:
    """One damage within the package that a workbook is; of what is none, one of
    `damaged_bytes`.
    """
    if rng.random() < 0.2:
        return damaged_bytes(content, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = {name: book.read(name) for name in book.namelist()}
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError, EOFError):
        return damaged_bytes(content, rng)
    if not parts:
        return damaged_bytes(content, rng)
    name, damage = rng.choice(list(parts)), rng.randrange(8)
    if damage == 0:
        del parts[name]
    elif damage == 1:
        parts[name] = damaged_bytes(parts[name], rng)
    elif damage == 2:
        parts[name] = parts[rng.choice(list(parts))]
    elif damage == 3:
        parts[name] = rng.choice((ENTITIES.encode(), b"<x/>", b"", b" " * 3_000_000))
    elif damage == 4:
        parts[strange_text(rng).encode("ascii", "replace").decode()[:200] or "x"] = b"x"
    else:
        sheets = [part for part in parts if "sheet" in part or "Strings" in part] or [name]
        sheet = rng.choice(sheets)
        parts[sheet] = _damaged_cells(parts[sheet].decode("utf-8", "replace"), rng)
    return _zipped(parts, rng)


def _damaged_cells(text: str, rng: Random) -> bytes:
    """Another value, type, place or text of one cell of a sheet's XML."""
    kinds = (r"(?<=<v>)[^<]*(?=</v>)", r'(?<= r=")[^"]*', r'(?<= t=")[^"]*', r'(?<= ref=")[^"]*')
    kinds += (r"(?<=<t>)[^<]*(?=</t>)", r"<c [^>]*/>", r"<row .*?</row>", r'(?<= s=")[^"]*')
    found = list(re.finditer(rng.choice(kinds), text)) or list(re.finditer(r"\d+", text))
    if found:
        spot = rng.choice(found)
        cell = ("XFD1048576", "A0", "ZZZ9", "A1:XFD1048576", "s", "n", "e", "b", "d", "inlineStr")
        new = rng.choice((rng.choice(cell), str(strange_number(rng)), strange_text(rng), ""))
        new = new.replace("&", "&amp;").replace("<", "&lt;")
        text = text[: spot.start()] + new + text[spot.end() :]
    return text.encode("utf-8", "replace")


def _zipped(parts: dict[str, bytes], rng: Random) -> bytes:
    """The same bytes for the same parts, whatever the clock says."""
    stream, how = io.BytesIO(), rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
    with zipfile.ZipFile(stream, "w", how) as book:
        for name, content in parts.items():
            book.writestr(zipfile.ZipInfo(name, DATE), content, how)
    return stream.getvalue()
