"""Estimated curves and calibration points for tests."""

from collections.abc import Sequence

import numpy as np

from models.serving.batching import Limits
from models.serving.calibration import CalibrationPoint, Harness, predict_for_calibration
from models.serving.step_time import StepSettings, step_kv_token_gib, step_room_gib, step_time
from models.serving.workload import fixed, lognormal_workload
from planner.profiling.estimate import Estimate, estimate_requests, estimate_table
from planner.profiling.simulated_load import OfferedLoad
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

LLMS, GPUS = load_catalogue_llms(), load_catalogue_gpus()

H100 = GPUS["H100-SXM-80GB"]

SMALL = OfferedLoad(lengths=lognormal_workload(600, 120), rates=6, requests=1200, seeds=3)


def estimate(
    offered: OfferedLoad = SMALL,
    llms: Sequence[str] = ("llama-3.1-8b",),
    degrees: Sequence[int] = (1, 2),
    jobs: int = 1,
) -> Estimate:
    return estimate_table(
        estimate_requests([LLMS[name] for name in llms], [H100], degrees, [50, 100], offered), jobs
    )


def points_of(
    factors: np.ndarray, harness: Harness, degrees: Sequence[int] = (1, 2)
) -> list[CalibrationPoint]:
    """What a GPU with these factors would be measured to do."""
    llm, made = LLMS["llama-3.1-8b"], []
    for degree in degrees:
        step = step_time(llm, H100, degree)
        limits = Limits(
            step_room_gib(llm, H100, degree, StepSettings())
            / step_kv_token_gib(llm, degree, StepSettings())
        )
        for prompt, output in ((512, 64), (1024, 128), (3000, 100)):
            for users in (1, 4, 16, 48):
                bare = CalibrationPoint(
                    step=step,
                    limits=limits,
                    lengths=fixed(prompt, output),
                    users=users,
                    rate=0.0,
                    ttft=1.0,
                    tpot=1.0,
                )
                ttft, tpot = predict_for_calibration(bare, factors, harness)
                made.append(
                    CalibrationPoint(
                        step=step,
                        limits=limits,
                        lengths=fixed(prompt, output),
                        users=users,
                        rate=0.0,
                        ttft=ttft,
                        tpot=tpot,
                    )
                )
    return made


TRUTH = np.array([1.3, 1.1, 0.8, 1.0, 1.2, 0.7, 1.5, 2.0, 0.5])
