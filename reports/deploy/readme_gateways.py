"""How to route requests to the servers of a deploy bundle: LiteLLM, your own gateway,
RouteLLM.
"""

from collections.abc import Mapping
from typing import Any

from reports.deploy.markdown import code_block

__all__ = ["readme_gateway", "readme_gateway_own_router", "readme_gateway_routellm"]

Row = Mapping[str, Any]


def readme_gateway(deployment: Row) -> list[str]:
    """LiteLLM."""
    several = "the addresses of the nodes and " if len(deployment["nodes"]) > 1 else ""
    commands = [
        "pip install 'litellm[proxy]' numpy",
        "set -a; . ./gateway.env; set +a",
        "PYTHONPATH=. litellm --config config.yaml --port 4000",
    ]
    return [
        "## 3. Start the gateway (LiteLLM)",
        "",
        f"Set {several}the gateway's key in `gateway.env` first; clients send that key.",
        "",
        *code_block(commands),
        "",
        "Clients use the model `fleet`. Without scores the weights of `config.yaml` decide: the"
        " planned fractions, at random. With",
        "scores `dual_price_plugin.py` decides by score - price: set `SCORES_TABLE` (a CSV file) or"
        " `SCORE_PREDICTOR` (`module:attribute`,",
        "your own); see that file for more. Scores must be on the scale of the plan's scores. When"
        " no server of the chosen LLM",
        "answers, the request goes to another LLM, the cheapest first: the plan's latencies and"
        " qualities do not hold then.",
        "",
        "Other prompts than those planned with would push replicas past their limits. So prices are"
        " corrected by what each LLM got,",
        "once a minute (and 300 requests): `PLAN_CORRECT_SECONDS` sets the interval, 0 keeps the"
        " planned prices. With",
        "`PLAN_FOLLOW_SECONDS=60` prices also follow the load, by the table in"
        " `router_policy.json`. Several gateway processes: set `PLAN_WORKERS`.",
    ]


def readme_gateway_own_router() -> list[str]:
    """The router for other gateways."""
    return [
        "## Or: your own gateway",
        "",
        "`router_policy.json` holds prices, ties and fallback weights; `router.py` (needs only"
        " numpy) reads it:",
        "",
        "```python",
        "from router import Router",
        "",
        'router = Router.load("router_policy.json")',
        "llm = router.choose(scores, prompt_id)   # scores: {LLM: score}",
        "router.correct(counts)                   # once a minute: {LLM: requests it got}",
        "```",
    ]


def readme_gateway_routellm() -> list[str]:
    """The threshold."""
    return [
        "## Or: RouteLLM",
        "",
        "`routellm.json` holds the threshold that does what the two prices do, and the win rate it"
        " goes with (the model string is",
        "`router-NAME-THRESHOLD`). RouteLLM sends every tie to the strong LLM.",
    ]
