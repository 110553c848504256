"""What docs/scores.md and docs/router.md say of HW-Router's scores: the false promise and what fits
take of it, also with noise added; and the router's correction by load with noisy counts.

    python -m bench.scores.fits ../shared/data/hw-router

The folder is that of `bench.hw_router`. Prints rows of the two tables.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.hw_router import GRADES, OTHERS, SCORES, make, run
from models.router import Router
from planner.operation.router_policy import build_router_policy
from planner.operation.samples import read_sample
from planner.operation.score_check import check_scores, read_scores_to_check
from planner.plans.plan_and_scenario import load_plan_and_scenario

__all__ = ["main"]

NOISES = (0.0, 0.2, 0.3)
"""Standard deviations of what is added to the scores of `irt`."""
INTERVALS, SETTLING, REQUESTS = 60, 20, 300


def checked(data: Path, name: str, noise: float) -> str:
    """A row of docs/scores.md."""
    scores, grades, _ = read_scores_to_check(data / name, data / GRADES)
    rng = np.random.default_rng(0)
    values = scores.values + rng.normal(0.0, noise, scores.values.shape)
    check, _ = check_scores(replace(scores, values=values), grades, GRADES)
    given, *fitted = check.choices
    over = [0.0 if one.optimism is None else one.optimism.mean for one in check.choices]
    cells = [f"{given.promised:.4f}", f"{given.realised:.4f}", f"{over[0]:.4f}"]
    cells += [f"{100 * (1 - left / over[0]):.0f} %" for left in over[1:]]
    change = fitted[0].change
    cells += ["" if change is None else f"{change.mean:+.4f} ± {1.96 * change.error:.4f}"]
    return " | ".join([f"{name}, noise {noise:g}", *cells])


def corrected(plan: Path, scores: Path, grades: Path, *, corrects: bool) -> str:
    """Fractions and quality of a router that corrects its prices (or does not) by noisy counts."""
    source = load_plan_and_scenario(plan, None)
    instance = source.loaded.instance
    sample, _ = read_sample(instance.scores, scores, grades, "error")
    router = Router(build_router_policy(source.plan.content, instance))
    at = [sample.scores.llms.index(llm) for llm in router.llms]
    rng, off, quality = np.random.default_rng(0), [], []
    for interval in range(INTERVALS):
        drawn = rng.integers(sample.prompts, size=REQUESTS)
        known = dict(zip(router.llms, sample.scores.values[at][:, drawn], strict=True))
        chosen = router.choose_many(known, [f"{interval} {k}" for k in range(REQUESTS)])
        counts = np.bincount(chosen, minlength=len(at))
        if interval >= SETTLING:
            off.append(100 * (counts / REQUESTS - np.array(router.row.weights)))
            quality.append(sample.truth.values[at][chosen, drawn].mean())
        if corrects:
            router.correct(dict(zip(router.llms, counts.tolist(), strict=True)))
    mean, spread = np.abs(np.mean(off, axis=0)).max(), np.std(off, axis=0).max()
    word = "corrected" if corrects else "planned prices"
    return f"{word}: off by {mean:.1f} %, varies by {spread:.1f} %, quality {np.mean(quality):.4f}"


def main(data: Path, folder: Path) -> int:
    """Print the rows of both documents."""
    for name, noise in ((SCORES, 0.0), (OTHERS, 0.0), *((SCORES, n) for n in NOISES[1:])):
        print(checked(data, name, noise))
    scenario, plan = make(data, folder), folder / "plan.json"
    run("plan", str(scenario), "--json", str(plan), "--quiet")
    for corrects in (False, True):
        print(corrected(plan, folder / OTHERS, folder / GRADES, corrects=corrects))
    for name in (OTHERS, SCORES):
        run(
            *("baselines", str(scenario), "--grades", str(folder / GRADES), "--quiet"),
            *("--set", f"scores={name}"),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path("out/bench/hw-router")))
