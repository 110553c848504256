"""The program as a file: HiGHS reads back what was solved, under names that read as English."""

from dataclasses import replace
from pathlib import Path

import highspy
import numpy as np
import pytest

from models.instance import Llm
from models.linear import LinearProgram
from planner.joint.solve import Settings
from planner.joint.solve import solve_joint as plan
from planner.joint.solver.highs import SolveSettings, solve_with_highs
from planner.joint.solver.model_file import write_model_file
from planner.solution import Status
from tests.support.instances.tiny import random_instance

KEPT = Settings(keep_program=True)


def read_back(path: Path) -> highspy.Highs:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    return highs


def program_of(kind: str, seed: int) -> LinearProgram:
    program = plan(random_instance(seed, kind), KEPT, explain=False).program
    assert program is not None
    return program


@pytest.mark.parametrize("ending", ["mps", "lp"])
@pytest.mark.parametrize(
    ("kind", "seed"),
    [("convex", 1), ("nonconvex", 2), ("two_pools", 3), ("six_gpus", 4), ("cost", 5)],
)
def test_the_optimum_survives_the_file(tmp_path: Path, kind: str, seed: int, ending: str) -> None:
    program, path = program_of(kind, seed), tmp_path / f"m.{ending}"
    write_model_file(program, path)
    highs = read_back(path)
    highs.run()
    ours = solve_with_highs(program, SolveSettings())
    assert highs.getModelStatus().name == "kOptimal" and ours.stop == "optimal"  # noqa: PT018
    assert highs.getInfo().objective_function_value == pytest.approx(ours.value, abs=1e-7)
    lp = highs.getLp()
    assert (lp.num_row_, lp.num_col_) == program.shape
    whole = [kind == highspy.HighsVarType.kInteger for kind in lp.integrality_]
    assert sum(whole) == int(program.integer.sum())


def test_names_are_those_of_the_formulation(tmp_path: Path) -> None:
    program = program_of("convex", 1)
    write_model_file(program, tmp_path / "m.mps")
    lp = read_back(tmp_path / "m.mps").getLp()
    assert set(lp.row_names_) == set(program.row_names)
    assert {"serve_every_request", "serve_llm_fraction[llm-a]"} <= set(lp.row_names_)
    assert "fraction[llm-b]" in lp.col_names_
    assert any(name.startswith("replicas[llm-a,only,tp1,") for name in lp.col_names_)
    write_model_file(program, tmp_path / "m.lp")
    assert "serve_llm_fraction(llm_a)" in read_back(tmp_path / "m.lp").getLp().row_names_


def test_names_with_white_space_and_equal_names_stay_apart(tmp_path: Path) -> None:
    """`a b` and `a_b` are one name in a file without spaces, `a-b` and `a+b` in an LP file."""
    instance = random_instance(1, "convex")
    for names in (("a b", "a_b"), ("a-b", "a+b")):
        llms = [replace(llm, name=name) for llm, name in zip(instance.llms, names, strict=False)]
        twins = replace(instance, llms=(*llms, *instance.llms[2:]))
        program = plan(twins, KEPT, explain=False).program
        assert program is not None
        for ending in ("mps", "lp"):
            write_model_file(program, tmp_path / f"m.{ending}")
            rows = read_back(tmp_path / f"m.{ending}").getLp().row_names_
            assert len(set(rows)) == program.shape[0]


def test_a_program_is_kept_only_when_wanted() -> None:
    instance = random_instance(1, "convex")
    assert plan(instance, explain=False).program is None
    value = plan(instance, explain=False).value
    assert plan(instance, KEPT, explain=False).value == value


def test_an_infeasible_scenario_has_an_infeasible_program(tmp_path: Path) -> None:
    instance = random_instance(1, "convex")
    crowded = replace(instance, llms=tuple(Llm(llm.name, 99) for llm in instance.llms))
    solution = plan(crowded, KEPT, explain=False)
    assert solution.status == Status.INFEASIBLE
    assert solution.program is not None
    write_model_file(solution.program, tmp_path / "m.mps")
    highs = read_back(tmp_path / "m.mps")
    highs.run()
    assert highs.getModelStatus().name == "kInfeasible"


def test_where_no_program_was_solved_the_one_over_all_options_is_kept() -> None:
    """One LLM, everything fits: the relaxation, rounded, closes the gap."""
    instance = random_instance(1, "convex")
    roomy = replace(
        instance,
        arrival_rate=1e-3,
        slos=(),
        min_utilization=0.0,
        llms=tuple(Llm(llm.name) for llm in instance.llms),
    )
    solution = plan(roomy, KEPT, explain=False, lean=False)
    assert solution.program is not None
    assert solution.effort.milp_solves == 0
    best = solve_with_highs(solution.program, SolveSettings())
    assert np.isfinite(best.value)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"end with \.mps or \.lp"):
        write_model_file(program_of("convex", 1), tmp_path / "model.xml")
    with pytest.raises(OSError, match="there is no folder"):
        write_model_file(program_of("convex", 1), tmp_path / "nowhere" / "m.mps")
