"""``python -m nn``: train a network on a table, and predict with one that was saved."""

from __future__ import annotations

import argparse
import csv
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from . import experiment, summary
from .activations import ACTIVATIONS
from .backends import BACKENDS, UnavailableError
from .data import DataError, read_csv
from .initializers import INITIALIZERS
from .losses import LOSSES
from .naming import unknown
from .optimizers import OPTIMIZERS
from .penalties import l1, l2
from .storage import load
from .training import DivergenceError

_REFUSALS = (DataError, DivergenceError, OverflowError, UnavailableError, ValueError, TypeError, OSError)
_LARGEST = 1_000_000  # parameters: more would train for days


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, as everything else here does."""

    def error(self, message: str) -> Any:
        self.exit(2, _refusal(self.prog, message))


def _refusal(program: str, message: str) -> str:
    """One line, of bounded length, and nothing in it that a terminal would obey."""
    line = "".join(c if c.isprintable() else "�" for c in " ".join(message.split()))
    return f"{program}: {line[:900]}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, 2 for anything refused, 130 for Ctrl-C, 141 if nobody reads on."""
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # as by `| head`: nothing more to say, and nothing left to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # 128 + SIGPIPE


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        raise
    except _REFUSALS as error:
        message = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        if isinstance(error, OverflowError):
            message = "the predictions are too far from the targets to be judged: try a smaller --lr"
        sys.stderr.write(_refusal(f"python -m nn {options.command}", _in_options(message)))
        return 2
    except KeyboardInterrupt:
        print(f"python -m nn {options.command}: interrupted", file=sys.stderr)
        return 130


def _in_options(message: str) -> str:
    """What a message advises for ``fit``, as the command line has it.

    >>> _in_options("try lr=0.1, or a limit (clip=1.0)")
    'try --lr 0.1, or a limit (--clip 1.0)'
    """
    message = message.replace("standardize=True", "no --no-standardize")
    return re.sub(r"\b(lr|clip|output|validation)='?(\w[\w+-]*(?:\.\d[\w+-]*)?)'?", r"--\1 \2", message)


# ---- The commands ------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    chosen = [name.strip() for name in options.features.split(",")] if options.features else None
    if chosen and options.target in chosen:
        raise DataError(f"the target {options.target!r} cannot be one of the features")
    if twice := [name for i, name in enumerate(chosen or []) if name in (chosen or [])[:i]]:
        raise DataError(f"the feature {twice[0]!r} is named twice")
    if options.patience is not None and options.validation is None:
        raise ValueError("--patience needs something to validate on: --validation 0.2, say")
    for wanted in filter(None, (options.save, options.report)):
        _demand_writable(wanted, options.data)
    if options.save and options.report and os.path.abspath(options.save) == os.path.abspath(options.report):
        raise OSError(f"the model and the report cannot both be saved as {options.save}")
    if options.report:
        from .report import demand_page

        demand_page(options.report)
    table = read_csv(options.data, [*chosen, options.target] if chosen else None)
    if options.target not in table.columns:
        raise DataError(f"{options.data}: {unknown('column', options.target, table.columns)}")
    penalties = [strength * penalty for penalty, strength in ((l1, options.l1), (l2, options.l2)) if strength]
    outcome = experiment.run(
        options.data,
        table,
        options.target,
        options.layers,
        activation=options.activation,
        output=options.output,
        bias=not options.no_bias,
        init=options.init,
        seed=options.seed,
        test_fraction=options.test_fraction,
        epochs=options.epochs,
        lr=options.lr,
        schedule=options.schedule,
        batch_size=options.batch_size,
        loss=options.loss,
        optimizer=options.optimizer,
        shuffle=not options.no_shuffle,
        penalty=None if not penalties else penalties[0] if len(penalties) == 1 else penalties[0] + penalties[1],
        clip=options.clip,
        tolerance=options.tolerance,
        validation=options.validation,
        patience=options.patience,
        standardize=not options.no_standardize,
        backend=options.backend,
        progress=False if options.no_progress else None,
        announce=lambda: print(summary.data_read(options.data, table, options.target), flush=True),
    )
    # What was asked to be kept is kept first: whoever reads what is printed may stop reading.
    if options.save:
        outcome.model.save(options.save, outcome.history)
    if options.report:
        _report(options, outcome)
    print(f"\n{summary.network(outcome)}\n\n{summary.results(outcome)}")
    if options.save:
        print(f"\nsaved to {options.save}")
    if options.report:
        print(f"\nreport in {options.report}")
    return 130 if outcome.history.stopped == "interrupted" else 0


def _demand_writable(path: str, data: str) -> None:
    """Refuse, before anything is trained, what could not be written afterwards, or would replace the data."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder or "."):
        raise OSError(f"there is no folder {folder} to save {path} in")
    if os.path.isdir(path) or not os.path.basename(path):
        raise OSError(f"{path} is a folder: give the name of a file in it")
    if not os.access(folder or ".", os.W_OK):
        raise OSError(f"the folder {folder or '.'} cannot be written to, so {path} cannot be saved")
    if os.path.exists(path) and os.path.exists(data) and os.path.samefile(path, data):
        raise OSError(f"{path} holds the data: give another name to save as")


def _report(options: argparse.Namespace, outcome: experiment.Outcome) -> None:
    from .report import write_report

    write_report(
        options.report,
        outcome.model,
        outcome.history,
        outcome.trained.rows,
        outcome.trained.targets,
        loss=options.loss,
        optimizer=options.optimizer,
        lr=options.lr,
        title=f"{outcome.target} from {', '.join(outcome.features)}",
    )


def _predict(options: argparse.Namespace) -> int:
    model = load(options.model)
    table = read_csv(options.data, model.columns[:-1] or None)
    predictions = model.predict(table.rows)
    name = model.columns[-1] if model.columns else "prediction"
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*table.columns, f"{name} (predicted)"])
    for row, prediction in zip(table.rows, predictions, strict=True):
        writer.writerow([*map(_numeral, row), *(prediction if isinstance(prediction, list) else [prediction])])
    return 0


def _numeral(x: float) -> str:
    """A number that reads back as it was, and as the file is likely to have it: 165, not 165.0."""
    return f"{x:g}" if float(f"{x:g}") == x else repr(x)


# ---- Options -----------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m nn", description="Train a small network on a table of numbers, and use it.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    train = commands.add_parser(
        "train",
        help="train a network on a CSV file",
        description="Train a network to predict one column of a CSV file from the others.  Inputs and target are "
        "standardised, and what it learnt is printed under the lectures' names.",
        epilog="example: python -m nn train notebooks/data/bmi.csv --target bmi --layers 2-2-1 --save model.json",
    )
    train.set_defaults(run=_train)
    train.add_argument("data", metavar="DATA.csv", help="numbers in columns; the first line names the columns")
    train.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    train.add_argument("--features", metavar="A,B,…", help="the columns to predict it from (default: all others)")

    net = train.add_argument_group("the network")
    net.add_argument("--layers", type=_layers, metavar="N-…-1", help="sizes, such as 4-3-2-1 (default: inputs-2-1)")
    net.add_argument(
        "--activation", default="tanh", type=_name("activation", ACTIVATIONS), help=_of(ACTIVATIONS, "tanh")
    )
    net.add_argument(
        "--output", default="linear", type=_name("activation", ACTIVATIONS), help="of the last layer (linear)"
    )
    net.add_argument("--init", default="auto", type=_name("initialiser", ["auto", *INITIALIZERS]),
                     help=_of(["auto", *INITIALIZERS], "auto: what suits the activation"))  # fmt: skip
    net.add_argument("--no-bias", action="store_true", help="leave biases out")

    how = train.add_argument_group("training")
    how.add_argument("--loss", default="mean_squared_error", type=_name("loss", LOSSES), metavar="NAME",
                     help="such as mean_absolute_error, mean_huber, squared_error (mean_squared_error)")  # fmt: skip
    how.add_argument("--optimizer", default="sgd", type=_name("optimiser", OPTIMIZERS), help=_of(OPTIMIZERS, "sgd"))
    how.add_argument("--lr", default=0.1, type=_at_least_0, metavar="η", help="the learning rate (0.1)")
    how.add_argument("--schedule", default="cosine", type=_name("schedule", ["cosine", "constant"]),
                     help="cosine: the rate falls to 0 along half a cosine; constant (cosine)")  # fmt: skip
    how.add_argument("--epochs", type=int, metavar="N", help="times through the data (200, more for few rows)")
    how.add_argument("--batch-size", default=16, type=_batch_size, metavar="N",
                     help="points an update; 1 is stochastic, all is batch gradient descent (16)")  # fmt: skip
    how.add_argument("--no-shuffle", action="store_true", help="visit the rows in the file's order")
    how.add_argument("--seed", default=0, type=int, metavar="N", help="of weights, order and splits (0)")
    how.add_argument("--tolerance", type=_at_least_0, metavar="X", help="stop when no parameter moves more in an epoch")
    how.add_argument("--l1", default=0.0, type=float, metavar="λ", help="add λ Σ|w| to the loss")
    how.add_argument("--l2", default=0.0, type=float, metavar="λ", help="add λ Σw² to the loss")
    how.add_argument("--clip", type=_above_0, metavar="X", help="the largest norm of the gradient")
    how.add_argument("--validation", type=float, metavar="FRACTION", help="rows to watch the loss on while training")
    how.add_argument("--patience", type=int, metavar="N", help="stop N epochs after the best validation loss")
    how.add_argument("--no-standardize", action="store_true", help="train on the numbers as they are")
    how.add_argument(
        "--backend", default="auto", type=_name("backend", BACKENDS), help=_of(BACKENDS, "auto: the fastest installed")
    )

    out = train.add_argument_group("results")
    out.add_argument("--test-fraction", type=float, metavar="FRACTION",
                     help="rows to hold out and test on, beside linear regression")  # fmt: skip
    out.add_argument("--save", metavar="MODEL.json", help="save the model, with its scaling and its history")
    out.add_argument("--report", metavar="REPORT.html", help="write a page: loss curve, network, first point stepped")
    out.add_argument("--no-progress", action="store_true", help="never show a progress bar")

    predict = commands.add_parser(
        "predict",
        help="predict with a saved network",
        description="Predict the target for every row of a CSV file, which is printed as CSV with the predictions.  "
        "Columns go by their names; others are ignored.",
    )
    predict.set_defaults(run=_predict)
    predict.add_argument("model", metavar="MODEL.json", help="what train --save wrote")
    predict.add_argument("data", metavar="DATA.csv", help="a CSV file that has the columns trained on")
    return parser


def _of(names: Any, default: str) -> str:
    return f"{', '.join(names)} ({default})"


def _name(what: str, known: Any) -> Any:
    def check(name: str) -> str:
        if name not in known:
            raise argparse.ArgumentTypeError(str(unknown(what, name, known)))
        return name

    return check


def _layers(text: str) -> list[int]:
    try:
        sizes = [int(size) for size in text.split("-")]
    except ValueError:
        sizes = []
    if len(sizes) > 1 and min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"every size is at least 1, not {text[:40]!r}")
    if len(sizes) < 2:
        raise argparse.ArgumentTypeError(f"sizes joined by hyphens are wanted, such as 4-3-2-1, not {text[:40]!r}")
    if (count := sum((n + 1) * m for n, m in pairwise(sizes))) > _LARGEST:
        raise argparse.ArgumentTypeError(f"a network of {count} parameters is too large; {_LARGEST} is the most")
    return sizes


def _at_least_0(text: str) -> float:
    return _number(text, "of at least 0", lambda x: 0.0 <= x < math.inf)


def _above_0(text: str) -> float:
    return _number(text, "above 0", lambda x: 0.0 < x < math.inf)


def _number(text: str, bound: str, holds: Callable[[float], bool]) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not holds(number):
        raise argparse.ArgumentTypeError(f"a number {bound} is wanted, not {text[:40]!r}")
    return number


def _batch_size(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'a whole number of at least 1, or "all", is wanted, not {text!r}')
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
