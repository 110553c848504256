"""`python -m tests.fuzz --seconds N --seed S`: damaged inputs for every command, for some time.

Ends with 1 when anything was found. The same seed gives the same cases in the same order; time only
says how many. A finding is told with its seed and number (`--case NUMBER` runs it again) and kept
as a corpus entry, with as few steps of damage as show it.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.fuzz.cases import Case, make_case
from tests.fuzz.child import Outcome, import_program
from tests.fuzz.commands import COMMANDS
from tests.fuzz.corpus import CORPUS, keep, read_corpus, reduced, run_case
from tests.fuzz.judge import Finding
from tests.fuzz.seeds import make_seeds

REPORT_EVERY_S = 60.0
SAME_KIND_KEPT = 3
"""So many findings of one kind are reduced and kept; more are counted."""


@dataclass
class Tally:
    """What was run so far."""

    commands: Counter = field(default_factory=Counter)
    codes: Counter = field(default_factory=Counter)
    kinds: Counter = field(default_factory=Counter)
    cpu: tuple[float, str] = (0.0, "-")
    peak: tuple[float, str] = (0.0, "-")

    def add(self, case: Case, outcome: Outcome, findings: list[Finding]) -> None:
        """Count one case."""
        self.commands[case.command] += 1
        self.codes[f"signal {outcome.signal}" if outcome.signal else str(outcome.code)] += 1
        self.kinds.update(f"{case.command}: {finding.kind}" for finding in findings)
        self.cpu = max(self.cpu, (outcome.cpu_s, f"{case.command} {case.name}"))
        self.peak = max(self.peak, (outcome.peak_mib, f"{case.command} {case.name}"))

    def text(self) -> str:
        """All of it in a few lines."""
        found = [f"  {count:5d} x {kind}" for kind, count in sorted(self.kinds.items())]
        commands = ", ".join(f"{name} {count}" for name, count in sorted(self.commands.items()))
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(self.codes.items()))
        return "\n".join(
            [
                f"{self.commands.total()} cases ({commands})",
                f"exit codes {codes}",
                f"most CPU {self.cpu[0]:.1f} s ({self.cpu[1]});"
                f" most memory {self.peak[0]:.0f} MiB ({self.peak[1]})",
                f"{self.kinds.total()} findings",
                *found,
            ]
        )


def main() -> int:
    """Run; 0 when nothing was found."""
    options = _options()
    if not options.list:  # no case is run
        import_program()
    seeds = make_seeds()
    tally = Tally()
    if options.list:
        for number in range(options.first, options.first + options.list):
            print(_digest(make_case(seeds, options.seed, number, options.command)))
        return 0
    if options.corpus:
        for case in read_corpus(options.keep):
            _tell(case, *_run(case, seeds, tally))
    elif options.case is not None:
        case = make_case(seeds, options.seed, options.case, options.command)
        outcome, findings = _run(case, seeds, tally)
        print(f"{case.args}\n{outcome.out}{outcome.err}exit code {outcome.code}")
        _tell(case, outcome, findings)
    else:
        _search(options, seeds, tally)
    print(tally.text())
    return 1 if tally.kinds else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to search")
    parser.add_argument("--seed", type=int, default=0, help="of the cases")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, default=10**9, help="at most so many")
    parser.add_argument("--case", type=int, help="run this case alone and show what it prints")
    parser.add_argument("--list", type=int, default=0, help="tell so many cases, run none")
    parser.add_argument("--command", default="", choices=["", *COMMANDS], help="this one alone")
    parser.add_argument("--corpus", action="store_true", help="run what was found before")
    parser.add_argument("--keep", type=Path, default=CORPUS, help="folder of the corpus")
    return parser.parse_args()


def _digest(case: Case) -> str:
    """Command and number of a case, and a hash of all that it is."""
    content = sha256(repr((case.args, sorted(case.files.items()))).encode("utf-8", "replace"))
    return f"{case.name} {case.command} {content.hexdigest()[:16]}"


def _run(case: Case, seeds: Mapping[str, bytes], tally: Tally) -> tuple[Outcome, list[Finding]]:
    outcome, findings = run_case(case, seeds)
    tally.add(case, outcome, findings)
    return outcome, findings


def _search(options: argparse.Namespace, seeds: Mapping[str, bytes], tally: Tally) -> None:
    """Case after case until the time is over."""
    start = reported = time.monotonic()
    for number in range(options.first, options.first + options.cases):
        now = time.monotonic()
        if now - start > options.seconds:
            return
        if now - reported > REPORT_EVERY_S:
            print(f"{now - start:.0f} s: {tally.text()}", file=sys.stderr, flush=True)
            reported = now
        case = make_case(seeds, options.seed, number, options.command)
        outcome, findings = _run(case, seeds, tally)
        if not findings:
            continue
        _tell(case, outcome, findings)
        if all(tally.kinds[f"{case.command}: {one.kind}"] > SAME_KIND_KEPT for one in findings):
            continue
        kinds = {finding.kind for finding in findings}
        small, skipped = reduced(case, seeds, options.command, kinds)
        print(f"  kept: {keep(small, seeds, findings, options.keep)}; without steps {set(skipped)}")


def _tell(case: Case, outcome: Outcome, findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{case.name} {' '.join(case.args)[:300]!r}: {finding.kind}: {finding.detail}")
    if findings:
        print(f"  exit code {outcome.code}, {outcome.cpu_s:.1f} s, {outcome.peak_mib:.0f} MiB")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
