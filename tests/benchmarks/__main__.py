"""``python -m tests.benchmarks``: every benchmark, or those named, as a table of ratios."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
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
    modules = {
        b.module: [name for name in BENCHMARKS if BENCHMARKS[name].module == b.module] for b in BENCHMARKS.values()
    }
    listed += "\ngroups:\n" + "\n".join(f"  {name:<20} {', '.join(group)}" for name, group in modules.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Contests of this library with others, side by side.  Exit code 1 where a goal is missed.",
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="the benchmarks or groups to run, all by default")
    parser.add_argument("--small", action="store_true", help="quick and small: shows that they run, judges no goal")
    parser.add_argument("--plot", metavar="FILE", help="draw the contests as a picture, too: .svg, .png or .pdf")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS and name not in modules]:
        parser.error(f"no benchmark is named {', '.join(unknown)}; there are {', '.join((*BENCHMARKS, *modules))}")
    if options.plot and importlib.util.find_spec("matplotlib") is None:
        parser.error('--plot needs matplotlib: pip install "scalar-autograd[benchmarks]"')
    chosen = dict.fromkeys(one for name in options.names or BENCHMARKS for one in modules.get(name, [name]))

    rows: list[Row] = []
    skipped = []
    for name in chosen:
        contest = BENCHMARKS[name]
        if missing := contest.missing():
            skipped.append(f"{name} skipped: it needs {', '.join(missing)}")
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += contest.rows(options.small)
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    print("\n".join([table(rows, verdicts=not options.small), *skipped]))
    if options.plot:
        from .plot import draw

        draw(rows, options.plot)
    return int(not options.small and any(row.goal and not row.goal.met(row.figure) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
