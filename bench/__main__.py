"""python -m bench NAME ...: one benchmark of BENCHMARKS; without a name `sizes`. Each has its own
--help.
"""

import runpy
import sys

BENCHMARKS = (
    *("sizes", "cliffs", "demand", "scores", "accuracy"),
    *("soak", "peers", "router", "page", "workbook"),
)


def main() -> None:
    """Run the benchmark that the first argument names."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        name = sys.argv.pop(1)
        if name not in BENCHMARKS:
            sys.exit(f"python -m bench: no benchmark {name}; there are {', '.join(BENCHMARKS)}")
    else:
        name = "sizes"
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
