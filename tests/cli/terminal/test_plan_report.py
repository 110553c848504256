"""The report: fits 80 columns, reads no markup out of names, says what ui.md asks for, whatever the
status.
"""

import io
import itertools
from collections.abc import Sequence

import pytest
from rich.console import Console

from models.instance import Instance, Slo
from planner.cli.terminal.output import printable
from planner.cli.terminal.plan_report import print_report, print_short, print_verdict
from planner.plans.plan_content import build_plan
from planner.presentation.plan.gpu_map import MOST_ROWS, format_spans, gpu_map_rows, llm_letters
from planner.solution import Solution
from tests.support.handmade import SETTINGS, fleet, infeasible, loaded, solved, trio, unsolved

NASTY = (
    "[bold]mistral[/bold]",
    "[/] :smile: [link=x]",
    "a-name-that-goes-on-and-on-beyond-every-column-that-a-terminal-has-ever-had",
)


def report(instance: Instance, solution: Solution, width: int = 80, **kwargs: object) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, markup=False, emoji=False, highlight=False, **kwargs
    )  # type: ignore[arg-type]
    print_report(
        build_plan(loaded(instance), solution, SETTINGS, {}),
        console,
        {"plan.json": "out/plan.json"},
    )
    return stream.getvalue()


def cases() -> Sequence[tuple[Instance, Solution]]:
    many = tuple(
        Slo(metric, statistic, 9.0)
        for metric, statistic in [
            ("ttft", "mean"),
            ("ttft", "p50"),
            ("ttft", "p90"),
            ("e2e", "mean"),
        ]
    )
    tight = trio(slos=(Slo("ttft", "mean", 0.01),))
    nasty = trio(NASTY)
    return [
        (trio(), solved(trio())),
        (nasty, solved(nasty)),
        (trio(slos=()), solved(trio(slos=()))),
        (trio(slos=many[:2]), solved(trio(slos=many[:2]))),
        (tight, infeasible(tight)),
        (trio(), unsolved("unknown", "interrupt")),
        fleet(),
        fleet(12, 12),
    ]


@pytest.mark.parametrize("case", range(8))
@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_wider_than_the_terminal(case: int, width: int) -> None:
    text = report(*cases()[case], width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text, "plain text where standard output is no terminal"
    assert "…" not in text, "nothing is cut off"


def test_sections_come_in_the_order_people_ask() -> None:
    text = report(trio(), solved(trio()))
    wanted = [
        "optimal: quality 0.90000 found, best possible 0.90000 (gap 0 %)",
        "\nSLO",
        "\nSetup",
        "\nRouting",
        "Router:",
        "\nGPU map",
    ]
    wanted += [
        "What binds",
        "+1 node (4 GPUs) of pool a100: +0.031 quality",
        "How sure this is",
        "Left out",
        "MPS shares 10, 20, 100 %",
        "out/plan.json",
    ]
    places = [text.index(word) for word in wanted]
    assert places == sorted(places)


def test_names_are_told_as_they_are() -> None:
    nasty = trio(NASTY)
    text = report(nasty, solved(nasty), width=240, force_terminal=True, color_system="truecolor")
    for name in NASTY:
        assert name in text


def test_control_characters_are_told_not_sent() -> None:
    assert printable("a\x1b[31mb\x07") == "a\\x1b[31mb\\x07"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = report(trio(), solved(trio()), force_terminal=True)
    assert "\x1b[1;32m" not in text
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[1;32m" in report(
        trio(), solved(trio()), force_terminal=True, color_system="standard"
    )


def test_infeasible_tells_conflict_repairs_and_best_effort() -> None:
    tight = trio(slos=(Slo("ttft", "mean", 0.01),))
    text = report(tight, infeasible(tight))
    for words in [
        "cannot hold together",
        "or add 1 node to pool a100",
        "--set arrival_rate_rps=41.3",
        "Best effort",
        "\nSetup",
    ]:
        assert words in text


def test_many_slos_get_a_table_of_their_own() -> None:
    slos = (Slo("ttft", "mean", 9.0), Slo("ttft", "p99", 9.0), Slo("e2e", "mean", 9.0))
    text = report(trio(slos=slos), solved(trio(slos=slos), shadow_prices=None))
    assert "Latency at the rate of one replica" in text


def test_verdict_alone() -> None:
    stream = io.StringIO()
    print_verdict(
        build_plan(loaded(trio()), solved(trio()), SETTINGS, {}), Console(file=stream, width=80)
    )
    assert len(stream.getvalue().splitlines()) == 3


def test_short_tells_repairs_and_nothing_else_of_an_infeasible_plan() -> None:
    stream = io.StringIO()
    tight = trio(slos=(Slo("ttft", "mean", 0.01),))
    print_short(
        build_plan(loaded(tight), infeasible(tight), SETTINGS, {}), Console(file=stream, width=80)
    )
    text = stream.getvalue()
    assert text.count("--set ") == 3
    assert "infeasible: no plan keeps all limits at once" in text
    assert len(text.splitlines()) == 2 + 2 + 6


# --- GPU map --------------------------------------------------------------------------------------


_replicas = itertools.count()


def shard(
    node: int, gpu: int, llm: str = "x", share: float = 50, tp: int = 1, replica: int | None = None
) -> dict[str, object]:
    place = {
        "pool": "p",
        "node": node,
        "gpu": gpu,
        "llm": llm,
        "tp_degree": tp,
        "mps_share_pct": share,
    }
    return {**place, "replica": next(_replicas) if replica is None else replica}


def rows(
    placement: list[dict[str, object]], nodes: int, per_node: int = 2
) -> list[tuple[str, str, str]]:
    pools = [{"name": "p", "nodes": nodes, "gpus_per_node": per_node}]
    return gpu_map_rows(placement, pools, llm_letters(["x", "y"]))["p"]


def test_alike_gpus_and_free_nodes_are_told_once() -> None:
    assert rows([shard(0, 0), shard(0, 1), shard(1, 0), shard(1, 1)], 5) == [
        ("nodes 0-1 (2 alike), each", "", ""),
        ("gpu 0-1", "AAAAA.....", "2 x A x tp1 50 %"),
        ("nodes 2-4 (3 alike)", "", "free"),
    ]


def test_alike_nodes_in_another_order_are_counted() -> None:
    assert rows([shard(0, 0), shard(1, 1)], 2) == [
        ("nodes 0-1 (2 alike), each", "", ""),
        ("1 x gpu", "AAAAA.....", "1 x A x tp1 50 %"),
        ("1 x gpu", "..........", "free"),
    ]


def test_replicas_side_by_side_do_not_look_like_one_over_all_gpus() -> None:
    alone = rows([shard(0, 0), shard(0, 1)], 1)
    together = rows([shard(0, 0, tp=2, replica=0), shard(0, 1, tp=2, replica=0)], 1)
    assert [alone[1][2], together[1][2]] == ["2 x A x tp1 50 %", "1 x A x tp2 50 %"]
    over = [shard(0, g, tp=4, replica=0) for g in range(4)] + [
        shard(0, g, "y", tp=2, replica=7) for g in range(2)
    ]
    assert [contents for _, _, contents in rows(over, 1, 4)[1:]] == [
        "part of 1 x A x tp4 50 % + 1 x B y tp2 50 %",
        "part of 1 x A x tp4 50 %",
    ]


def test_bars_fill_up_whatever_the_shares() -> None:
    placement = [
        shard(0, 0, "x", 33),
        shard(0, 0, "y", 33),
        shard(0, 0, "y", 33),
        shard(0, 1, "x", 4),
    ]
    told = rows(placement, 1)
    assert told[1] == ("gpu 0", "AAABBBBBBB", "1 x A x tp1 33 % + 2 x B y tp1 33 %")
    assert told[2] == ("gpu 1", "..........", "1 x A x tp1 4 %")


def test_big_pools_of_many_kinds_stay_short() -> None:
    placement = [shard(d, g, "x", 1 + (7 * d + 3 * g) % 90) for d in range(128) for g in range(8)]
    told = rows(placement, 128, 8)
    assert len(told) == MOST_ROWS + 1
    assert sum(int(where.split()[0]) for where, _, _ in told) == 1024


def test_spans_of_numbers() -> None:
    assert format_spans([3, 0, 1, 2, 7]) == "0-3, 7"
    assert format_spans(range(0, 40, 2)) == "0, 2, 4, 6, 8, 10, ..."


def test_letters_never_run_out() -> None:
    signs = llm_letters(f"llm-{k}" for k in range(70))
    assert (signs["llm-0"], signs["llm-26"], signs["llm-69"]) == ("A", "a", "#")
