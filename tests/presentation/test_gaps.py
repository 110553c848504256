"""What to measure next: a row per option, and the command that measures it."""

from planner.presentation.gaps import benchmark_command, gaps_table
from planner.profiling.gaps import find_gaps
from planner.settings import Settings
from tests.profiling.test_gaps import doubtful


def test_a_command_measures_what_is_requested() -> None:
    instance = doubtful(3)
    found = find_gaps(instance, Settings())
    frame = gaps_table(found, instance, "mean score")
    assert len(frame) == len(found.gaps)
    option = instance.options[found.gaps[0].option]
    server, bench = benchmark_command(found.gaps[0], instance, "org/a model; rm -rf")
    assert f"--tensor-parallel-size {option.tp_degree}" in server
    assert "'org/a model; rm -rf'" in server
    assert f"mps_share={100 * option.mps_share:g}" in bench
    assert ("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE" in server) == (option.mps_share < 1)
