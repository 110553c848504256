"""examples/from-benchmarks: its table is what the import makes of its files, and it is planned and
simulated.
"""

import json

from examples.benchmark_runs import LABEL, RATES, simulated_run
from examples.make_examples import FOLDER
from planner.cli.commands.profiles.profile_import import ImportOptions, run_profile_import
from planner.joint import solve as joint
from planner.operation.simulation import run_simulation
from planner.operation.simulation_outcomes import Demand
from planner.plans.plan_and_scenario import load_plan_and_scenario
from planner.plans.plan_content import build_plan_content
from planner.plans.plan_file import write_plan_file
from planner.scenario.assemble import assemble_instance

HERE = FOLDER / "from-benchmarks"


def test_the_import_gives_the_same_bytes(tmp_path) -> None:
    out = tmp_path / "profiles.csv"
    assert (
        run_profile_import(
            [HERE / "runs"], ImportOptions(mapping=HERE / "mapping.yaml", out=out, quiet=True)
        )
        == 0
    )
    assert out.read_bytes() == (HERE / "profiles.csv").read_bytes()


def test_the_files_are_what_the_engine_gives_and_say_so() -> None:
    assert len(list((HERE / "runs").iterdir())) == sum(map(len, RATES.values()))
    for (llm, tp_degree, share_pct), rates in RATES.items():
        path = (
            HERE / "runs" / f"simulated-{llm}-tp{tp_degree}-share{share_pct}-{rates[0]:g}rps.json"
        )
        stored = json.loads(path.read_text(encoding="utf-8"))
        assert stored["label"] == LABEL
        assert stored == simulated_run(llm, tp_degree, share_pct, rates[0])


def test_it_is_planned_and_simulated(tmp_path) -> None:
    loaded, settings = assemble_instance(HERE / "scenario.yaml"), joint.Settings()
    solution = joint.solve_joint(loaded.instance, settings)
    assert solution.status == "optimal"
    assert (solution.fractions > 0).all()
    write_plan_file(build_plan_content(loaded, solution, settings, {}), tmp_path / "plan.json")
    found = run_simulation(load_plan_and_scenario(tmp_path / "plan.json"), Demand())
    assert found.verdict in ("holds", "uncertain")
    assert {option.engine for option in found.options} == {"fitted queue"}
