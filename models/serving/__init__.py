"""One replica: step time, batching, workload, calibration, the fitted queue."""
