"""A small sound scenario with its tables, how to change it, and the faults it then has."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from planner.scenario.assemble import assemble_instance
from profiles.io.faults import DataError, Fault
from tests.support.walls import wall_size

SCENARIO = """\
version: 1
name: tiny
pools:
  - {name: a, gpu: G, nodes: 1, gpus_per_node: 4, memory_gib: 80, price_usd_per_gpu_h: 2}
llms:
  - {name: NO, weights_gib: 10}
  - {name: NA, weights_gib: 20, max_replicas: 2}
profiles: profiles.csv
scores: scores.csv
arrival_rate_rps: 5
slo:
  - {metric: ttft, statistic: mean, limit_ms: 300}
objective: {maximize: quality}
"""

PROFILES = """\
llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,ttft_p95_ms,memory_gib_per_gpu,provenance,source
NO,G,1,50,2,150,400,12,measured,lab
NO,G,1,50,0,100,200,12,measured,lab
NO,G,2,100,0,80,,8,estimated,desk
NA,G,1,100,1,90,180,22,,
NA,G,1,100,3,190,480,22,interpolated,
"""

SCORES = """\
prompt_id,NO,NA,weight,other
p1,0.5,0.25,1,x
p2,0.75,1,3,y
"""


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Folder with a sound scenario and its tables."""
    for name, text in (
        ("scenario.yaml", SCENARIO),
        ("profiles.csv", PROFILES),
        ("scores.csv", SCORES),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults_of(case: Path, *overrides: str) -> list[Fault]:
    with pytest.raises(DataError) as caught:
        assemble_instance(case / "scenario.yaml", overrides)
    for fault in caught.value.faults:
        assert fault.problem
        assert fault.fix
        assert "\n" not in str(fault)
    return list(caught.value.faults)


def fault_lines(case: Path, *overrides: str) -> str:
    return "\n".join(str(fault) for fault in faults_of(case, *overrides))


def assert_sound_or_faulty(call: Callable[[], object]) -> None:
    """The call succeeds or raises DataError with faults that can be printed; anything else is a
    bug.
    """
    message: str | None = None
    try:
        call()
    except DataError as error:
        message = str(error)
    assert message is None or message.encode()


FUZZ = settings(
    max_examples=wall_size(20, 60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def garbled(text: str) -> st.SearchStrategy[bytes]:
    """Bytes at random, or the text with a few pieces replaced, doubled or cut."""
    raw = text.encode()
    piece = st.sampled_from(
        [
            b"",
            b",",
            b"\n",
            b"\r",
            b'"',
            b"NaN",
            b"-1",
            b"1e999",
            b"\x00",
            b"\xff",
            b": ",
            b"- ",
            b"{",
            b"]",
            b"&a",
            b"*a",
            b"?",
            b"!!x ",
            b"|",
            b"\xe2\x80\xa8",
            b"null",
        ]
    )
    cut = st.tuples(st.integers(0, len(raw)), st.integers(0, 12), piece | st.binary(max_size=4))

    def apply(cuts: list[tuple[int, int, bytes]]) -> bytes:
        made = raw
        for at, length, new in cuts:
            made = made[:at] + new + made[at + length :]
        return made

    return st.binary(max_size=200) | st.lists(cut, min_size=1, max_size=4).map(apply)
