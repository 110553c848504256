"""The five LLMs of HW-Router on two H100: estimated curves, predicted scores, true grades; what
routing by predictions gains there.

    python -m bench.hw_router ../shared/data/hw-router

The folder holds predicted_quality_irt.csv, predicted_quality_carrot.csv and eval_grades.csv
(UCF-ML-Research/HW-Router, Apache-2.0; not part of this repository). Prints what the commands print
that docs/router.md lists, and leaves scenario and plan in out/bench/hw-router.
"""

import shutil
import sys
from pathlib import Path

from planner.cli.app import app
from profiles.io.writing import write_csv

__all__ = ["GRADES", "LLMS", "SCORES", "main", "make"]

LLMS = {
    "Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "Mistral-7B-Instruct-v0.3": "mistral-7b",
    "Phi-3-mini-128k-instruct": "phi-3-mini",
    "Qwen2.5-14B-Instruct": "qwen2.5-14b",
    "Qwen2.5-3B-Instruct": "qwen2.5-3b",
}
"""Name in the tables of scores -> name in the catalogue (Mistral v0.2 and Phi-3 4k are listed
there: same shapes, so same speed).
"""

SCORES, OTHERS, GRADES = (
    "predicted_quality_irt.csv",
    "predicted_quality_carrot.csv",
    "eval_grades.csv",
)
SHARES = ",".join(map(str, range(10, 101, 10)))
GPU = "H100-SXM-80GB"
SCENARIO = """\
version: 1
name: hw-router-2xh100
pools:
  - {{name: h100, gpu: {gpu}, nodes: 1, gpus_per_node: 2}}
llms:
{llms}
profiles: profiles.csv
scores: {scores}
arrival_rate_rps: {rate}
slo:
  - {{metric: ttft, statistic: mean, limit_ms: 200}}
objective: {{maximize: quality}}
"""


def run(*words: str) -> int:
    """Run a command of the planner; its exit code."""
    code: object = app(list(words), standalone_mode=False)
    return code if isinstance(code, int) else 0


def make(
    data: Path,
    folder: Path,
    rate: float = 30.0,
    effort: tuple[str, ...] = ("--rates", "6", "--requests", "2000", "--seeds", "2"),
) -> Path:
    """Write the scenario with its tables into a folder: scores and grades from `data`, curves
    estimated.

    effort: of the estimate.
    """
    # Imported here because reading a profile table needs pandas.
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    for name in (SCORES, OTHERS, GRADES):
        shutil.copy(data / name, folder / name)
    raw = folder / "estimated.csv"
    named = [word for name in LLMS.values() for word in ("--llm", name)]
    run(
        "profile",
        "estimate",
        *named,
        "--gpu",
        GPU,
        "--tp",
        "1,2",
        "--share",
        SHARES,
        *effort,
        "--out",
        str(raw),
        "--quiet",
    )
    curves = pd.read_csv(raw)
    curves["llm"] = curves["llm"].map({name: llm for llm, name in LLMS.items()})
    write_csv(curves, folder / "profiles.csv")
    text = SCENARIO.format(
        gpu=GPU, llms="\n".join(f"  - {{name: {llm}}}" for llm in LLMS), scores=SCORES, rate=rate
    )
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return folder / "scenario.yaml"


def main(data: Path, folder: Path) -> int:
    """Plan, then route: on the plan's prompts with grades, split, and by the other predictor."""
    scenario, plan = make(data, folder), str(folder / "plan.json")
    grades, other = str(folder / GRADES), str(folder / OTHERS)
    run("plan", str(scenario), "--json", plan)
    run("route", plan, "--grades", grades, "--rates")
    run("route", plan, "--grades", grades, "--split", "0.5")
    run("route", plan, "--scores", other, "--grades", grades)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path("out/bench/hw-router")))
