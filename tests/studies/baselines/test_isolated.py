"""The isolated baseline: replicas of one LLM are stacked."""

from pathlib import Path

from planner.scenario.assemble import assemble_instance
from planner.studies.baselines.isolated import isolated_baseline
from tests.support.instances.baselines import trial
from tests.support.scenarios.small_scenarios import write_scenario


def test_isolated_stacks_replicas_of_one_llm(tmp_path: Path) -> None:
    """Two LLMs with options of half a GPU on two GPUs: alone on its GPU, each runs two replicas
    there.
    """
    path = write_scenario(tmp_path)
    text = (tmp_path / "profiles.csv").read_text().replace(",1,100,", ",1,50,")
    (tmp_path / "profiles.csv").write_text(text)
    instance = assemble_instance(path, ["arrival_rate_rps=100"]).instance
    attempt = isolated_baseline(trial(instance), instance)
    assert attempt.met
    assert {o["llm"]: o["replicas"] for o in attempt.content["options"]} == {"alpha": 2, "beta": 2}
    assert attempt.content["gpus_used"] == 2
