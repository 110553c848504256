"""Whether a plan still fits what its servers do, by their metrics.

    metered_options  metrics -> windows of 5 minutes of every deployed option
    ratio_errors     ratios of sums over windows, with their intervals
    rate_level       how many requests came, against the rates that the plan's prices are good for
    curve_factors    measured over planned latency of every option
    slo_budget       how much of every SLO's budget is spent
    replan           planned again with the numbers measured, against today's setup
    drift            all of it, and whether something is to be done

Nothing here prints or writes.
"""
