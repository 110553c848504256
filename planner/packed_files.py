"""Files that come with the planner and are no modules: examples, the page's start script, schemas.

In a checkout they lie in its folders; a wheel packs them into `planner/packed` (pyproject.toml).
Standard library only, so that `--help` may read the names of the examples.
"""

from pathlib import Path

__all__ = ["EXAMPLES", "IS_WHEEL", "PAGE_EXAMPLES", "PAGE_SCRIPT", "SCHEMAS", "packed_example_path"]

PAGE_EXAMPLES = (
    *("paper-trio", "two-gpu-types", "percentile-slo", "cheapest-floor", "from-benchmarks"),
)
"""Examples that every command plans; the first is shown when the page is opened."""
EXAMPLES = (*PAGE_EXAMPLES, "day")
"""Names of all examples, which the page offers; `day` has classes and cases, which some commands do
not know.
"""

_PACKED = Path(__file__).resolve().with_name("packed")
_CHECKOUT = Path(__file__).resolve().parents[1]
IS_WHEEL = _PACKED.is_dir()
"""Whether this is an installed wheel and not a checkout."""

_EXAMPLES = (_PACKED if IS_WHEEL else _CHECKOUT) / "examples"

PAGE_SCRIPT = _PACKED / "page" / "app.py" if IS_WHEEL else _CHECKOUT / "app.py"
"""What `streamlit run` starts; Streamlit reads `.streamlit/config.toml` in the script's folder."""

SCHEMAS = _PACKED / "schemas" if IS_WHEEL else _CHECKOUT / "docs"
"""The folder of plan.schema.json and scenario.schema.json."""


def packed_example_path(name: str) -> Path:
    """The scenario file of an example. ValueError for a name that is not among EXAMPLES."""
    if name not in EXAMPLES:
        raise ValueError(f"no example {name!r}; the examples are {', '.join(EXAMPLES)}")
    return _EXAMPLES / name / "scenario.yaml"
