"""Points of curves from the metrics of running vLLM and SGLang servers, as Prometheus keeps them.

    metric_names    what the engines call what is needed here, and what is no TPOT
    exposition      text of /metrics -> series
    query_answer    JSON of the Prometheus HTTP API -> series
    scrape_files    files of either kind -> series, with the times that the files lack
    prometheus_api  a Prometheus -> series
    servers         series -> what each server counted at each scrape
    windows         scrapes -> windows of 5 minutes in which the load was steady
    rate_bins       windows of one option -> points, each with its error
    histograms      differences of histograms -> means and percentiles
    pipeline        all of it -> a profile table

Nothing here prompts, prints or writes.
"""
