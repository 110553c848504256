"""How far estimates lie from measurements that they have not seen; writes the tables of
docs/accuracy.md.

    python -m bench.accuracy --silicon ../shared/data/silicon/silicon_agg.csv
                                              print the tables
    --open-loop ../shared/cases/tool-outputs/inference-perf
                                              and those of percentiles
    --write docs/accuracy.md                  and put them between the file's marks
    --start-values                            without those of fits: half a minute

Held out throughout: nothing is scored on a row that a fit has seen, nor on a repetition of it, and
the harness (scheduler, jitter of the lengths) is picked only on the rows used in the fit. Draws are
seeded, so that the same data give the same tables.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from bench.open_loop import open_loop_table
from bench.silicon import SCHEDULERS_OF, SiliconRow, read_silicon
from bench.start_values import start_value_tables
from models.serving.calibration import Fit, Harness, calibration_harnesses, fit_calibration
from models.serving.step_time import FACTORS
from planner.process_pool import spread_over_processes
from planner.profiling.calibrate import calibrated_relative_errors

MARKS = {
    name: (f"<!-- {name} of bench.accuracy -->", f"<!-- end of the {name} -->")
    for name in ("tables", "start values", "open loop")
}
HOME = "H100-SXM-80GB"
TEACHER = "llama-3.1-8b, trtllm, 16 bit"
FEWEST_ROWS = 20
FIVE_DRAWS, QUARTER_DRAWS = 12, 4
METRICS = ("TTFT", "TPOT", "E2E")

Scored = tuple[str, str, bool, np.ndarray]
"""(experiment, group, whether the scored row could be used in a fit, errors of METRICS)."""

NONE = "no measurement: start values"
ONE_LLM = "no measurement of the LLM: fitted on llama-3.1-8b under TensorRT-LLM"
OTHERS = "no measurement of the LLM: mean of the fits on the other LLMs"
FIVE, QUARTER = "five points of the same LLM and backend", "a quarter of the points"
DEGREES = {
    2: "one tp degree to another, x2 apart",
    4: "one tp degree to another, x4 apart",
    8: "one tp degree to another, x8 apart",
}
GPU_TO, BACKEND = (
    "H100 to {}, same LLM and backend, {}-bit weights",
    "one backend to another, same LLM and GPU",
)
ANY_GPU = "H100 to H200 or B200, same LLM and backend"

AIMS = {
    OTHERS: ("12 / 33", "-"),
    FIVE: ("6 / 23", "-"),
    QUARTER: ("4 / 12", "12 / 35"),
    DEGREES[2]: ("6 / 18", "-"),
    DEGREES[4]: ("6 / 18", "-"),
    ANY_GPU: ("8 / 22", "-"),
}
"""What was set before, for TPOT and TTFT."""


def main() -> int:
    """Score, print, write."""
    arguments = _arguments()
    rows, left_out = read_silicon(arguments.silicon)
    tables = {"start values": start_value_tables(rows, left_out)}
    if arguments.open_loop is not None:
        tables["open loop"] = open_loop_table(arguments.open_loop)
    if not arguments.start_values:
        tables["tables"] = _calibrated_tables(rows, arguments.jobs)
    print("\n\n".join("\n".join(lines) for lines in tables.values()))
    if arguments.write is not None:
        page = arguments.write.read_text(encoding="utf-8")
        for name, lines in tables.items():
            page = _between_marks(page, name, lines)
        arguments.write.write_text(page, encoding="utf-8")
    return 0


def _between_marks(page: str, name: str, lines: Sequence[str]) -> str:
    """The page with the lines between the marks of that name."""
    start, end = MARKS[name]
    before, _, rest = page.partition(start)
    text = "\n".join(lines)
    return f"{before}{start}\n\n{text}\n\n{end}{rest.partition(end)[2]}"


def _calibrated_tables(rows: Sequence[SiliconRow], jobs: int) -> list[str]:
    """What fits on some rows say of others."""
    groups: dict[tuple[str, str], list[SiliconRow]] = defaultdict(list)
    for row in rows:
        groups[row.gpu, row.group].append(row)
    home = {
        group: members
        for (gpu, group), members in groups.items()
        if gpu == HOME and len(members) >= FEWEST_ROWS
    }
    away = {group: [r for r in rows if r.gpu != HOME and r.group == group] for group in home}
    whole = dict(zip(home, spread_over_processes(_fit, list(home.values()), jobs), strict=True))
    work = [(group, home, away[group], whole) for group in sorted(home)]
    scored = [one for part in spread_over_processes(_score, work, jobs) for one in part]
    return _tables(scored, home)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--silicon", type=Path, required=True, help="silicon_agg.csv")
    parser.add_argument("--open-loop", type=Path, help="folder of inference-perf stages")
    parser.add_argument("--start-values", action="store_true", help="leave out all fits")
    parser.add_argument("--write", type=Path, help="a page with the markers")
    parser.add_argument("--jobs", type=int, default=0, help="processes; 0 = one per core")
    arguments = parser.parse_args()
    if not arguments.silicon.is_file():
        sys.exit(f"{arguments.silicon}: there is no such file")
    return arguments


def _choices(row: SiliconRow) -> tuple[Harness, ...]:
    return calibration_harnesses(SCHEDULERS_OF[row.backend])


def _fit(rows: Sequence[SiliconRow]) -> Fit:
    return fit_calibration([row.point for row in rows if row.taught], _choices(rows[0]))


def _score(
    work: tuple[str, dict[str, list[SiliconRow]], list[SiliconRow], dict[str, Fit]],
) -> list[Scored]:
    """All experiments that are scored on one group (or, for other GPUs, fitted on it)."""
    group, home, away, whole = work
    rows = home[group]
    random = np.random.RandomState(sorted(set(map(ord, group)))[0] + len(group))
    first = _choices(rows[0])[0]
    scored = list(_errors(NONE, rows, Fit(np.ones(len(FACTORS)), first, 0, 0.0)))
    if rows[0].llm != home[TEACHER][0].llm:
        scored += _errors(ONE_LLM, rows, Fit(whole[TEACHER].factors, first, 0, 0.0))
    others = [
        np.log(fitted.factors)
        for other, fitted in whole.items()
        if home[other][0].llm != rows[0].llm
    ]
    scored += _errors(OTHERS, rows, Fit(np.exp(np.mean(others, axis=0)), first, 0, 0.0))
    good = [row for row in rows if row.taught]
    for name, count, draws in (
        (FIVE, 5, FIVE_DRAWS),
        (QUARTER, round(len(good) / 4), QUARTER_DRAWS),
    ):
        for _ in range(draws):
            seen = [good[k] for k in sorted(random.permutation(len(good))[:count])]
            cells = {row.cell for row in seen}
            scored += _errors(name, [row for row in rows if row.cell not in cells], _fit(seen))
    scored += _degrees(rows)
    for row in away:
        for experiment in (ANY_GPU, GPU_TO.format(row.gpu.split("-")[0], row.weight_bits)):
            scored += _errors(experiment, [row], whole[group])
    for other in home.values():
        if other[0].llm == rows[0].llm and other[0].backend != rows[0].backend:
            scored += _errors(
                BACKEND, other, Fit(whole[group].factors, _choices(other[0])[0], 0, 0.0)
            )
    return scored


def _degrees(rows: Sequence[SiliconRow]) -> Iterable[Scored]:
    for degree in sorted({row.tp_degree for row in rows}):
        sources = [row for row in rows if row.tp_degree == degree and row.taught]
        if len(sources) < 5:
            continue
        fitted = _fit(sources)
        for row in rows:
            apart = max(row.tp_degree / degree, degree / row.tp_degree)
            if apart in DEGREES:
                yield from _errors(DEGREES[int(apart)], [row], fitted)


def _errors(experiment: str, rows: Iterable[SiliconRow], fitted: Fit) -> Iterable[Scored]:
    for row in rows:
        yield experiment, row.group, row.taught, calibrated_relative_errors(row.point, fitted)


# ---------------------------------------------------------------- tables


def _tables(scored: Sequence[Scored], home: dict[str, list[SiliconRow]]) -> list[str]:
    order = [
        NONE,
        OTHERS,
        ONE_LLM,
        FIVE,
        QUARTER,
        *DEGREES.values(),
        ANY_GPU,
        *(GPU_TO.format(gpu, bits) for gpu in ("H200", "B200") for bits in (8, 4)),
        BACKEND,
    ]
    heads: tuple[str, ...] = (
        "n",
        "TPOT",
        "aim",
        "TTFT",
        "aim",
        "E2E",
        "TPOT, saturated rows",
        "TTFT, saturated rows",
    )
    lines = [f"| what is known | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for experiment in order:
        mine = [one for one in scored if one[0] == experiment]
        plain, full = _stack(mine, lambda one: one[2]), _stack(mine, lambda one: not one[2])
        tpot_aim, ttft_aim = AIMS.get(experiment, ("-", "-"))
        cells = [
            f"{len(plain):,}",
            _quantiles(plain, 1),
            tpot_aim,
            _quantiles(plain, 0),
            ttft_aim,
            *(_quantiles(e, k) for e, k in ((plain, 2), (full, 1), (full, 0))),
        ]
        lines.append(f"| {experiment} | {' | '.join(cells)} |")
    lines += [
        "",
        (
            "By group of LLM, backend and precision of the weights, on H100, saturated rows left"
            " out (signed: median of the error):"
        ),
        "",
    ]
    heads = (
        "rows",
        "start values: TPOT",
        "signed",
        "TTFT",
        "five points: TPOT",
        "TTFT",
        "a quarter: TPOT",
        "TTFT",
    )
    lines += [f"| group | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for group in sorted(home):
        mine = [one for one in scored if one[1] == group and one[2]]
        none, five, quarter = (
            _stack(mine, lambda one, name=name: one[0] == name) for name in (NONE, FIVE, QUARTER)
        )
        cells = [_quantiles(none, 1), f"{100 * np.median(none[:, 1]):+.0f}", _quantiles(none, 0)]
        cells += [
            _quantiles(five, 1),
            _quantiles(five, 0),
            _quantiles(quarter, 1),
            _quantiles(quarter, 0),
        ]
        lines.append(f"| {group} | {len(home[group])} | {' | '.join(cells)} |")
    return lines


def _stack(scored: Sequence[Scored], which: Callable[[Scored], bool]) -> np.ndarray:
    kept = [one[3] for one in scored if which(one)]
    return np.array(kept) if kept else np.zeros((0, 3))


def _quantiles(errors: np.ndarray, metric: int) -> str:
    """Median / 90th percentile of the absolute relative error, per cent."""
    if not len(errors):
        return "-"
    size = 100 * np.abs(errors[:, metric])
    return " / ".join(
        f"{value:.0f}" if value >= 10 else f"{value:.1f}"
        for value in (np.median(size), np.quantile(size, 0.9))
    )


if __name__ == "__main__":
    sys.exit(main())
