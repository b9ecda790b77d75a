"""``python -m tests.oracle``: random graphs, everyone's derivatives, and who disagrees."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tqdm import tqdm

from .contest import CONTENDERS, Result, contest
from .graphs import OPERATIONS

CHUNK = 500


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.oracle",
        description="Grow random graphs over all primitives and compare values, gradients and Hessians with the naive "
        "engine (sums over paths), each number to the digits that rounding leaves it.  Exit code 1 on a disagreement; "
        "Ctrl-C reports what is done so far.",
    )
    parser.add_argument("--graphs", type=int, default=2000, help="how many (default 2000; the full size is 100000)")
    parser.add_argument("--steps", type=int, default=12, help="operations a graph at most (default 12)")
    parser.add_argument("--seed", type=int, default=0, help="the first graph's seed (default 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a processor)")
    options = parser.parse_args(arguments)
    if options.graphs < 1 or options.steps < 1 or options.jobs < 1:
        parser.error("--graphs, --steps and --jobs are 1 at least")

    end = options.seed + options.graphs
    chunks = [range(i, min(i + CHUNK, end)) for i in range(options.seed, end, CHUNK)]
    result, done = Result(), 0
    with (
        ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool,  # JAX and PyTorch do not survive a fork
        tqdm(total=options.graphs, unit="graph", disable=None, file=sys.stderr) as progress,
    ):
        try:
            for chunk, part in zip(chunks, pool.map(partial(contest, steps=options.steps), chunks), strict=True):
                result += part
                done += len(chunk)
                progress.update(len(chunk))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
    print(report(result, done))
    return int(bool(result.disagreements) or done < options.graphs)


def report(result: Result, graphs: int) -> str:
    """How many graphs each contender was asked about, and what it got wrong."""
    lines = [f"{graphs} graphs, {sum(result.operations.values())} operations of {len(result.operations)} kinds"]
    if never := sorted(OPERATIONS.keys() - result.operations.keys()):
        lines.append(f"never grown: {', '.join(never)}")
    count = 0
    for digits in sorted(result.digits, reverse=True):
        count += result.digits[digits]
        if digits in (13, 12, 10, 6):
            lines.append(f"{100 * count / graphs:5.1f} % compared to {digits} digits or more, in every number")
    for contender in CONTENDERS:
        if contender.present:
            wrong = sum(f": {contender.name}: " in d for d in result.disagreements)
            lines.append(f"{contender.name:<17} {result.asked[contender.name]:>7} graphs, {wrong} disagreements")
        else:
            lines.append(f"{contender.name:<17} not installed: pip install {contender.needs}")
    lines += result.disagreements[:5]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
