"""Frozen schedules: their sums are the simulation."""

import numpy as np

from models.serving.batching import BatchExtras, Limits, serve_batches_closed
from models.serving.frozen_schedule import freeze_schedule
from models.serving.step_time import FACTORS, step_time
from models.serving.workload import draw_workload_lengths, uniform
from tests.support.scenarios.estimates import H100, LLMS, TRUTH


def test_frozen_sums_are_the_simulation() -> None:
    step = step_time(LLMS["qwen3-30b-a3b"], H100, 2)
    prompts, outputs = draw_workload_lengths(uniform(1500, 90, 0.7), 200, np.random.RandomState(1))
    served = serve_batches_closed(
        step.scaled(TRUTH), 20, prompts, outputs, Limits(200_000), extras=BatchExtras(events=True)
    )
    frozen = freeze_schedule([step], TRUTH, [(outputs, served)])
    expected = [served.tpot(outputs).mean(), served.ttft.mean()]
    np.testing.assert_allclose(frozen.latencies(TRUTH)[0], expected, rtol=1e-9)
    for k in range(len(FACTORS)):
        shifted = TRUTH * np.where(np.arange(len(FACTORS)) == k, np.exp(1e-6), 1.0)
        slope = (frozen.latencies(shifted) - frozen.latencies(TRUTH))[0] / 1e-6
        np.testing.assert_allclose(
            frozen.sensitivities(TRUTH)[0, :, k], slope, rtol=1e-3, atol=1e-9
        )
