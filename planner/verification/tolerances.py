"""How much float noise and printing each check forgives; every tolerance with its reason."""

RATE_TOL = 1e-7
"""Times the arrival rate: an LLM's rates against its fraction.

What a linear solver leaves; it moves no SLO by more than its own slack.
"""

RANGE_TOL = 1e-9
"""Relative slack on the highest profiled rate, GPU shares, GPU memory, utilisation and the side of
the bound: float noise of short sums.
"""

MATCH_TOL_PCT = 1e-6
"""Per cent points within which a stated MPS share names an option."""

FLOOR_TOL = 1e-6
"""Slack on quality_at_least (contract)."""

GAP_TOL = 1e-9
"""Absolute slack on rel_gap (and RESTATE_TOL of it): float noise of one subtraction of numbers near
1.
"""

CLOSED_RANGE = 1e-6
"""The gap counts as closed within this part of the score range (contract)."""

SLO_TOL = 1e-7
"""Relative excess over an SLO's limit that is forgiven: what a linear solver leaves after scaling,
far below any measurement.
"""

RESTATE_TOL = 1e-6
"""Relative difference allowed in numbers that the plan only restates (latencies, memory, cost):
above 12-digit printing, below any use.
"""

BINDING_BAND = (5e-4, 2e-3)
"""An SLO is binding within about 0.1 % of its limit: surely binding below the first relative slack,
surely not above the second.
"""

FRACTION_TOL = 1e-9
"""Absolute slack on sums of fractions and of splits, and on the smallest dual price: float noise of
a few thousand additions.
"""

QUALITY_TOL = 1e-6
"""Times (1 + |quality|): the accuracy the contract works with (floor, leanest plan), met by any
exact minimiser of g(alpha) + alpha f.
"""

SHARE_TOL = 1e-7
"""Absolute slack on the restated weight of a tie group, in 0..1."""

BUDGET_TOL = 1e-6
"""Relative excess over cost_at_most_usd_per_h that is forgiven, as of a floor of quality: a linear
solver leaves the spend outside at the budget up to its own slack.
"""
