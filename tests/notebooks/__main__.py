"""Run notebooks again and store their outputs: ``python -m tests.notebooks [part of a name …]``.

Needs ``pip install -e ".[notebooks]"``.  Without an argument it refreshes all of them; the exit code is 1 if one
does not run.
"""

from __future__ import annotations

import argparse
import sys
import time

from . import running


def main(arguments: list[str] | None = None) -> int:
    """Refresh the notebooks whose names contain one of the arguments."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a notebook's file name; all by default")
    names = parser.parse_args(arguments).names
    chosen = [path for path in running.PATHS if not names or any(name in path.name for name in names)]
    if not chosen:
        print(f"no notebook in {running.FOLDER.name}/ is called {' or '.join(names)}", file=sys.stderr)
        return 1
    failed = False
    for path in chosen:
        start = time.perf_counter()
        notebook = running.read(path)
        try:
            running.execute(notebook)
        except Exception as error:  # whatever a cell raised; the next notebook still gets its turn
            failed = True
            print(f"{path.name}: {error}", file=sys.stderr)
        else:
            running.write(notebook, path)
            print(f"{path.name}: {len(notebook.cells)} cells, {time.perf_counter() - start:.1f} s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
