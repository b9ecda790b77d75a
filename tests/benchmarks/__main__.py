"""``python -m tests.benchmarks``: every benchmark, or those named, as a table of ratios."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from pathlib import Path

from .harness import BENCHMARKS, Row, table


def collect() -> None:
    """Import every module of this folder; each registers its benchmarks."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.name.startswith(("_", "test_")):
            importlib.import_module(f"{__package__}.{path.stem}")


def main(arguments: list[str] | None = None) -> int:
    collect()
    listed = "\n".join(f"  {name:<20} {b.summary}" for name, b in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Contests of this library with others, side by side.  Exit code 1 where a goal is missed.",
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="the benchmarks to run, all by default")
    parser.add_argument("--small", action="store_true", help="quick and small: shows that they run, judges no goal")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is named {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")

    rows: list[Row] = []
    skipped = []
    for name in options.names or BENCHMARKS:
        contest = BENCHMARKS[name]
        if missing := contest.missing():
            skipped.append(f"{name} skipped: it needs {', '.join(missing)}")
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += contest.rows(options.small)
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    print("\n".join([table(rows, verdicts=not options.small), *skipped]))
    return int(not options.small and any(row.goal and not row.goal.met(row.figure) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
