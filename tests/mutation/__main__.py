"""``python -m tests.mutation``: mistakes in the engine, the losses and the optimisers, and who survives the tests."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from .equivalent import reason
from .mutants import Mutant, mutants
from .reaching import Reach
from .running import ROOT, TARGETS, TESTS, Bench, Verdict

GOAL = 0.95

_bench: Bench


def _set_up(folder: str, tests: Sequence[str], reach: Reach) -> None:
    global _bench
    _bench = Bench(Path(tempfile.mkdtemp(dir=folder)), tests)
    _bench.start(reach)


def _without_line(described: str) -> str:
    """A mutant's description, as it stays when lines are added above it."""
    return re.sub(r"^(\S+?):\d+ ", r"\1 ", described)


def _judge(mutant: Mutant) -> Verdict:
    return _bench.judge(mutant)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description="Make one mistake at a time in the library, run the tests, and list the mistakes they miss. "
        f"Exit code 1 where fewer than {GOAL:.0%} are killed, or a survivor has no reason given.",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--sample", type=int, help="only so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--tests", nargs="+", metavar="PATH", help="only these tests")
    parser.add_argument("--explained", action="store_true", help="run also the mutants that have a reason to survive")
    parser.add_argument("--match", action="append", help="only mutants whose description contains this (or another)")
    parser.add_argument("--again", type=Path, metavar="LOG", help="only the survivors that an earlier run printed")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    options = parser.parse_args(arguments)
    if unknown := [file for file in options.files if file not in TARGETS]:
        parser.error(f"{', '.join(unknown)}: no file that is mutated")

    chosen = [m for f in options.files or TARGETS for m in mutants(f, (ROOT / f).read_text(encoding="utf-8"))]
    if options.match:
        chosen = [m for m in chosen if any(text in str(m) for text in options.match)]
    if options.again:
        lines = options.again.read_text(encoding="utf-8").splitlines()
        survivors = {_without_line(line.removeprefix("survived  ")) for line in lines if line.startswith("survived  ")}
        chosen = [m for m in chosen if _without_line(str(m)) in survivors]
    if options.sample is not None and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    if options.list:
        print(*chosen, sep="\n")
        return 0

    # A mutant with a reason counts as a survivor, without being run.
    spared = [] if options.explained else [m for m in chosen if reason(m)]
    verdicts = [Verdict(m, killed=False) for m in spared]
    chosen = [m for m in chosen if m not in set(spared)]
    tests = options.tests or TESTS[: None if any(m.file == "autograd/primitives.py" for m in chosen) else -1]
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
        reach = Bench(Path(tempfile.mkdtemp(dir=folder)), tests).record()
        minutes = (time.monotonic() - start) / 60
        print(f"{len(chosen)} mutants; {len(reach.spots)} tests pass without one, {minutes:.0f} min", flush=True)
        context = multiprocessing.get_context("fork")
        # Not multiprocessing's Pool: its processes are daemons, and tests that start processes of their own would fail.
        with ProcessPoolExecutor(options.workers, context, _set_up, (folder, tests, reach)) as pool:
            for done, future in enumerate(as_completed([pool.submit(_judge, mutant) for mutant in chosen]), 1):
                verdict = future.result()
                verdicts.append(verdict)
                if not verdict.killed:
                    print(f"survived  {verdict.mutant}", flush=True)
                elif verdict.how not in ("tests", "time"):
                    print(f"killed by {verdict.how} in {verdict.by}  {verdict.mutant}", flush=True)
                if done % 100 == 0:
                    minutes = (time.monotonic() - start) / 60
                    print(
                        f"{done} of {len(chosen)}: {sum(v.killed for v in verdicts)} killed, {minutes:.0f} min",
                        flush=True,
                    )
    return report(verdicts)


def report(verdicts: list[Verdict]) -> int:
    """Print the rates and the survivors; the exit code."""
    print()
    total, killed = Counter(v.mutant.file for v in verdicts), Counter(v.mutant.file for v in verdicts if v.killed)
    for file in total:
        print(f"{file:24} {killed[file]:5} of {total[file]:5} killed  {killed[file] / total[file]:6.1%}")
    every, dead = total.total(), killed.total()
    late = sum(v.how == "time" for v in verdicts)
    print(f"{'all':24} {dead:5} of {every:5} killed  {dead / every:6.1%}   ({late} by running out of time)")
    survivors = sorted((v.mutant for v in verdicts if not v.killed), key=lambda m: (m.file, m.line))
    unexplained = [m for m in survivors if not reason(m)]
    for mutant in survivors:
        print(f"  {mutant}\n      {reason(mutant) or 'NO REASON GIVEN'}")
    print(f"{len(survivors)} survivors, {len(unexplained)} of them without a reason")
    return int(dead < GOAL * every or bool(unexplained))


if __name__ == "__main__":
    sys.exit(main())
