"""What was found, kept as small files that anybody can read: a command line, and the files of it
that are not as the seeds are.
"""

import base64
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.fuzz.cases import MOST_STEPS, Case, make_case, write_case
from tests.fuzz.child import Outcome, in_child
from tests.fuzz.commands import COMMANDS
from tests.fuzz.judge import Finding, judge, look_at

__all__ = ["CORPUS", "keep", "read_corpus", "reduced", "run_case"]

CORPUS = Path(__file__).with_name("corpus")
LARGEST = 60_000
"""Bytes of an entry; a larger case is told by its seed and number alone."""


def run_case(case: Case, seeds: Mapping[str, bytes]) -> tuple[Outcome, list[Finding]]:
    """Run a case in a folder of its own, which is gone afterwards."""
    # Imported here: `import_program` sets what numpy reads first.
    from tests.fuzz.child import call_command

    place = Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder, logs = place / "case", place / "logs"
    try:
        write_case(case, seeds, folder)
        before = look_at(folder)
        outcome = in_child(lambda: call_command(case.args), folder, logs)
        return outcome, judge(case, outcome, before, folder, logs)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def reduced(
    case: Case, seeds: Mapping[str, bytes], only: str, kinds: set[str]
) -> tuple[Case, frozenset[int]]:
    """The case with as few steps of damage as still give one of the findings; the steps left
    out.
    """
    seed, number = map(int, case.name.split("/"))
    skip: frozenset[int] = frozenset()
    for step in range(MOST_STEPS):
        tried = make_case(seeds, seed, number, only, skip | {step})
        if (tried.args, tried.files) == (case.args, case.files):
            continue
        _, findings = run_case(tried, seeds)
        if kinds & {finding.kind for finding in findings}:
            case, skip = tried, skip | {step}
    return case, skip


def keep(case: Case, seeds: Mapping[str, bytes], findings: list[Finding], folder: Path) -> str:
    """Write a case as an entry; its path, or why there is none."""
    texts: dict[str, str | None] = {}
    packed: dict[str, str] = {}
    for name, content in case.files.items():
        if content == seeds.get(name):
            continue
        try:
            texts[name] = None if content is None else content.decode("utf-8")
        except UnicodeDecodeError:
            packed[name] = base64.b64encode(content or b"").decode()
    entry = {
        "about": "; ".join(f"{finding.kind}: {finding.detail}" for finding in findings),
        "found": f"seed {case.name.replace('/', ', case ')}",
        "args": case.args,
        "outputs": case.outputs,
        "files": texts,
        "base64": packed,
    }
    text = json.dumps(entry, indent=1) + "\n"
    if len(text) > LARGEST:
        return "too large to be kept"
    word = re.sub(r"[^a-z0-9]+", "-", f"{case.command} {findings[0].kind}".lower())[:60]
    path = folder / f"{word}-{case.name.replace('/', '-')}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def read_corpus(folder: Path = CORPUS) -> list[Case]:
    """Every entry as a case, by name."""
    cases = []
    for path in sorted(folder.glob("*.json")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        files = {
            name: None if text is None else text.encode("utf-8", "surrogatepass")
            for name, text in entry["files"].items()
        }
        files |= {name: base64.b64decode(text) for name, text in entry["base64"].items()}
        case = Case(path.stem, entry["args"], files, entry["outputs"])
        if case.command not in COMMANDS:
            raise AssertionError(f"{path}: there is no command {case.command}")
        cases.append(case)
    return cases
