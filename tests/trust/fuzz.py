"""``python -m tests.trust.fuzz``: hostile input, a million times over.

Every surface has inputs that are right, a way of spoiling them, and a judge that says what must hold whatever came in:
it works, or it is refused in one clear line.  Never another exception, never a hang, never markup that the input
smuggled in.

    model       a model file, loaded as a model and into a model
    csv         a table, read
    expression  ``python -m autograd …``: exit code 0 or 2, and with 2 one line on standard error
    command     ``python -m nn predict`` and ``train``, with spoiled tables and options
    label       a label in every renderer: text, LaTeX, Markdown, MathML, HTML, SVG, DOT

The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import functools
import html.parser
import io
import json
import math
import multiprocessing
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import autograd
import autograd.__main__ as autograd_command
import nn
import nn.__main__ as nn_command
from autograd import Value
from autograd.drawing import engine
from autograd.notation import Name

from .hostile import EXPRESSIONS, LABELS, NUMBERS, ODD, TABLES, TOKENS, WELL_FORMED_LABELS

SECONDS = 10  # of the processor, that one input may take: neither other work nor a pause makes it wrong
MEMORY = 6 << 30  # bytes that the whole process may take


class WrongError(AssertionError):
    """What a judge says of an input that was not handled as it should be."""


def demand(holds: object, otherwise: str) -> None:
    if not holds:
        raise WrongError(otherwise)


# ---- Spoiling ------------------------------------------------------------------------------------------


def spoiled(draw: random.Random, text: str, others: list[str]) -> str:
    """``text`` with one to four things done to it."""
    for _ in range(draw.choice([1, 1, 1, 2, 2, 3, 4])):
        i = draw.randrange(len(text) + 1)
        j = min(len(text), i + draw.choice([1, 1, 2, 5, 20, 200]))
        match draw.randrange(8):
            case 0:
                text = text[:i] + text[j:]
            case 1 | 2 | 3:
                text = text[:i] + draw.choice(TOKENS) + text[draw.choice([i, j]) :]
            case 4:
                text = text[:i] + text[i:j] * draw.choice([2, 3, 50]) + text[j:]
            case 5:
                other = draw.choice(others)
                text = text[:i] + other[draw.randrange(len(other) + 1) :]
            case 6:
                text = (
                    text[:i]
                    + chr(draw.choice([draw.randrange(32, 127), draw.randrange(0x3000), draw.randrange(0x110000)]))
                    + text[i:]
                )
            case 7:
                text = text[: draw.randrange(len(text) + 1)]
    return text[:20_000]


def as_bytes(draw: random.Random, text: str) -> bytes:
    """``text`` as a file holds it; now and then in another encoding, or with a byte flipped."""
    data = text.encode(draw.choice(["utf-8"] * 8 + ["utf-16", "utf-8-sig"]), "surrogatepass")
    if data and draw.random() < 0.1:
        i = draw.randrange(len(data))
        data = data[:i] + bytes([data[i] ^ (1 << draw.randrange(8))]) + data[i + 1 :]
    return data


# ---- Surfaces ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Surface:
    """Where input comes in: how an input is drawn, and what must hold for it."""

    name: str
    share: int  # of a thousand inputs
    drawn: Callable[[random.Random], Any]
    judge: Callable[[Any, Path], str]  # returns what became of it: "accepted" or "refused"


def refusal(error: Exception) -> str:
    demand(str(error), f"{type(error).__name__} says nothing")
    demand("\n" not in str(error), f"more than one line: {str(error)!r:.300}")
    demand(len(str(error)) < 1000, f"a line of {len(str(error))} characters")
    return "refused"


@functools.cache
def model_texts() -> list[str]:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for i, activation in enumerate(nn.activations.ACTIVATIONS):
        model = nn.MLP([2, 2, 1 + i % 2], activation=activation, bias=bool(i % 3), seed=i)
        history = None
        if i % 3 == 0:
            targets: Any = [[1.0] * (1 + i % 2), [0.0] * (1 + i % 2), [0.5] * (1 + i % 2)]
            rows = [[1.0, 2.0], [2.0, 1.0], [0.0, 5.0]]
            history = nn.fit(model, rows, targets, epochs=2, standardize=True, optimizer="adam", backend="eager")
            model.columns = ("a", "b", "y")
        model.save(folder / f"{i}.json", history)
    return [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]


def draw_model(draw: random.Random) -> bytes:
    texts = model_texts()
    text = draw.choice(texts)
    if draw.random() < 0.5:
        return as_bytes(draw, spoiled(draw, text, texts))
    content = json.loads(text)
    for _ in range(draw.choice([1, 1, 2, 3])):
        spoil_json(draw, content)
    deep = draw.choice([5, 100, 2_000, 100_000])
    return as_bytes(draw, json.dumps(content).replace('"DEEP"', "[" * deep + "]" * deep))


def spoil_json(draw: random.Random, content: Any) -> None:
    """One value, somewhere inside, replaced, removed or added."""
    while True:
        inner = [
            x for x in (content.values() if isinstance(content, dict) else content) if isinstance(x, (dict, list)) and x
        ]
        if not inner or draw.random() < 0.3:
            break
        content = draw.choice(inner)
    key = draw.choice(list(content) if isinstance(content, dict) else range(len(content)))
    match draw.randrange(4):
        case 0:
            del content[key]
        case 1 if isinstance(content, dict):
            content[draw.choice(["", "x", "version", "w1_11", "b11", "__class__"])] = copy.deepcopy(draw.choice(ODD))
        case _:
            content[key] = copy.deepcopy(draw.choice(ODD))


def judge_model(data: bytes, folder: Path) -> str:
    path = folder / "model.json"
    path.write_bytes(data)
    mine = nn.MLP([2, 2, 1], seed=9)
    before = mine.state_dict()
    with contextlib.suppress(nn.ModelFileError):
        mine.load(path)
        before = mine.state_dict()
    demand(mine.state_dict() == before, "a refused file changed the model")
    try:
        model = nn.load(path)
        history = nn.load_history(path)
    except nn.ModelFileError as error:
        return refusal(error)
    demand(all(math.isfinite(x) for x in model.state_dict().values()), "a parameter is not finite")
    with contextlib.suppress(ArithmeticError, ValueError):
        model.predict([[0.5] * len(model.layers[0].neurons[0].weight)])  # type: ignore[attr-defined]
    again = folder / "again.json"
    model.save(again, history)
    twin = nn.load(again)
    demand(twin.state_dict() == model.state_dict(), "saved and loaded, it is another model")
    demand((twin.scaling, twin.columns) == (model.scaling, model.columns), "saved and loaded, it has another scaling")
    return "accepted"


def draw_csv(draw: random.Random) -> bytes:
    return as_bytes(draw, spoiled(draw, draw.choice(TABLES), TABLES))


def judge_csv(data: bytes, folder: Path) -> str:
    path = folder / "table.csv"
    path.write_bytes(data)
    try:
        table = nn.read_csv(path)
    except nn.DataError as error:
        return refusal(error)
    demand(table.rows and table.columns, "an empty table")
    demand(len(set(table.columns)) == len(table.columns), "two columns of one name")
    demand(all(len(row) == len(table.columns) for row in table.rows), "a row of another width")
    demand(all(math.isfinite(x) for row in table.rows for x in row), "a number that is not finite")
    demand(nn.read_csv(path, table.columns[:1]).column(table.columns[0]) == [row[0] for row in table.rows], "select")
    return "accepted"


FUNCTIONS = [
    *autograd.primitives.PRIMITIVES,
    "ln",
    "max",
    "min",
    "sigma",
    "eval",
    "exec",
    "__import__",
    "open",
    "print",
]


def draw_expression(draw: random.Random) -> list[str]:
    kind = draw.random()
    if kind < 0.45:
        text = expression(draw, draw.randrange(5))
    else:
        text = spoiled(draw, draw.choice(EXPRESSIONS), EXPRESSIONS)[: draw.choice([50, 300, 6000])]
    names = ["x", "y", "z", "x1", "x2", "w", "b"]
    good, any_number = ["2", "0.5", "-1", "0", "3.25"], draw.choice([[], [], [], NUMBERS])
    settings = [f"{name}={draw.choice([*good, *any_number])}" for name in names if draw.random() < 0.97]
    if draw.random() < 0.1:
        settings.append(spoiled(draw, "x3=1.5", ["name=value", "a=b=c", "="])[:80])
    options = [
        [],
        [],
        [],
        ["--steps"],
        ["--latex"],
        ["--latex", "expression"],
        ["--latex", "document"],
        ["--chain", "x"],
    ]
    chosen = draw.choice(options)
    if draw.random() < 0.02:
        chosen = [*chosen, draw.choice(["--chain", "--latex", "--foo", "--latex=x", "-x", "--", "--chain=\n"])]
    return [text, *settings, *chosen]


def expression(draw: random.Random, depth: int) -> str:
    if depth == 0:
        return draw.choice(["x", "y", "x1", "x2", "w", "b", "pi", "e", "2", "0.5", "0", "1e-300", "1e300", "7", "q"])
    match draw.randrange(5):
        case 0 | 1:
            sign = draw.choice(["+", "-", "*", "/", "**"])
            return f"({expression(draw, depth - 1)}) {sign} {expression(draw, depth - 1)}"
        case 2:
            return f"-{expression(draw, depth - 1)}"
        case _:
            count = draw.choice([1, 1, 1, 2, 2, 3, 0])
            return f"{draw.choice(FUNCTIONS)}({', '.join(expression(draw, depth - 1) for _ in range(count))})"


def judge_expression(arguments: list[str], folder: Path) -> str:
    return command(autograd_command.main, "python -m autograd", arguments)


def command(main: Callable[[list[str]], int], prefix: str, arguments: list[str]) -> str:
    """Run a command line in this process, and judge what a shell would see."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
    said = err.getvalue()
    if status == 0:
        demand(out.getvalue().strip(), "it succeeds and prints nothing")
        demand(not said, f"it succeeds and complains: {said!r:.300}")
        return "accepted"
    demand(status == 2, f"exit code {status}: {said!r:.300}")
    demand(said.count("\n") == 1 and said.endswith("\n"), f"not one line on standard error: {said!r:.500}")
    demand(said.startswith(prefix), f"it does not say who refuses: {said!r:.300}")
    demand(len(said) < 1000, f"a line of {len(said)} characters")
    demand(
        not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x1b]", said), f"a control character reaches the terminal: {said!r:.300}"
    )
    return "refused"


def draw_command(draw: random.Random) -> tuple[bytes, list[str]]:
    text = draw.choice(TABLES)
    if draw.random() < 0.7:
        text = spoiled(draw, text, TABLES)
    target = draw.choice(["y", "bmi", "only", "x", "c,d", text.partition(",")[0][:30], "no such column"])
    options = {
        "--layers": ["1-1", "2-2-1", "1-2-1", "3-1", "0-1", "x", "", "1-1000000000-1", "-1", "2-2-2"],
        "--epochs": ["1", "1", "0", "-1", "1.5", "x", "٣"],
        "--lr": ["0.1", "0", "-1", "nan", "inf", "1e300", "x"],
        "--batch-size": ["1", "all", "0", "-3", "x"],
        "--loss": ["mean_squared_error", "hinge", "cross_entropy", "x", "binary_cross_entropy", "mean_huber"],
        "--activation": ["tanh", "relu", "softmax", "no"],
        "--output": ["linear", "sigmoid", "softmax"],
        "--optimizer": ["sgd", "adam", "no"],
        "--validation": ["0.5", "0", "1", "2", "nan"],
        "--seed": ["1", "x", "1e9"],
    }
    chosen = [part for name, values in options.items() if draw.random() < 0.12 for part in (name, draw.choice(values))]
    if "--epochs" not in chosen:
        chosen += ["--epochs", "1"]
    return as_bytes(draw, text), ["--target", target, "--backend", "eager", "--no-progress", *chosen]


def judge_command(given: tuple[bytes, list[str]], folder: Path) -> str:
    data, options = given
    path = folder / "table.csv"
    path.write_bytes(data)
    return command(nn_command.main, "python -m nn", ["train", str(path), *options])


# ---- Labels --------------------------------------------------------------------------------------------


def draw_label(draw: random.Random) -> tuple[str, int]:
    return spoiled(draw, draw.choice(LABELS), LABELS)[: draw.choice([10, 40, 300])], draw.randrange(8)


def labelled(label: str) -> Value:
    """A small graph with the label on a leaf, on an interior node and, changed a little, on the root."""
    w, x, b = Value(0.5, label), Value(-2.0, "x"), Value(1.0, label + "_{2}")
    z = w * x + b
    z.label = label + "'"
    y = z.tanh() * w
    y.label = "y" if label != "y" else "L"
    y.backward()
    return y


@contextlib.contextmanager
def layout_of_the_first() -> Iterator[None]:
    """Graphviz never sees a label, so one layout of the graph serves for all of them, in a thousandth of the time."""
    real = engine.run
    kept: dict[str, bytes] = {}

    def once(dot: str, output: str) -> bytes:
        return kept.setdefault(output, kept.get(output) or real(dot, output))

    engine.run = once
    try:
        yield
    finally:
        engine.run = real


Structure = frozenset[tuple[str, str]]


def of_xml(text: str) -> Structure:
    """The elements and attributes of an XML text; text that is not well-formed is an error."""
    root = ET.fromstring(text)
    found = {(element.tag, "") for element in root.iter()}
    return frozenset(found | {(element.tag, name) for element in root.iter() for name in element.attrib})


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {(tag, ""), *((tag, name) for name, _ in attrs)}

    def handle_comment(self, data: str) -> None:
        self.found.add(("<!--", ""))

    def handle_pi(self, data: str) -> None:
        self.found.add(("<?", ""))


def of_html(text: str) -> Structure:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return frozenset(reader.found)


def of_latex(text: str) -> Structure:
    """The commands of a LaTeX text and its other active characters; braces that do not match are an error."""
    tokens = re.findall(r"\\[A-Za-z]+|\\.|.", text, flags=re.DOTALL)
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        demand(depth >= 0, "a brace that nothing opened")
    demand(depth == 0, "a brace that nothing closes")
    return frozenset((token, "") for token in tokens if token in "%#$&~^_" or (token[0] == "\\" and len(token) > 1))


def of_markdown(text: str) -> Structure:
    return frozenset((c, "") for c in re.sub(r"\\[^\w\s]", "", text) if c in r"\`*_{}[]()<>#+!|$~&")


def of_dot(text: str) -> Structure:
    """The statements of a DOT text, one a line, and the markup inside its labels."""
    found: set[tuple[str, str]] = set()
    for line in text.splitlines():
        statement, _, markup = line.partition("label=<")
        found.add((re.sub(r"\d+", "0", statement), ""))
        if markup:
            markup, close, rest = markup.rpartition(">")
            demand(close, "a label that nothing closes")
            found |= of_xml(f"<label>{markup}</label>") | {(re.sub(r"#\w+", "colour", rest), "")}
    return frozenset(found)


def of_text(text: str) -> Structure:
    odd = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return frozenset({(repr(c), "") for c in odd} | {(f"{text.count(chr(10))} lines", "")})


RENDERERS: dict[str, tuple[Callable[[Value], str], Callable[[str], Structure]]] = {
    "text": (lambda y: f"{autograd.table(y)}\n{autograd.steps(y)}\n{autograd.chain(y, y.parents[1])}", of_text),
    "latex": (lambda y: autograd.latex(y, "document") + autograd.table(y).latex + autograd.latex(y), of_latex),
    "chain": (lambda y: autograd.chain(y, y.parents[1]).latex, of_latex),
    "markdown": (lambda y: Name.parse(y.parents[1].label or "").markdown, of_markdown),
    "mathml": (
        lambda y: "<p>" + autograd.table(y)._repr_html_() + autograd.chain(y, y.parents[1])._repr_html_() + "</p>",
        of_xml,
    ),
    "html": (lambda y: autograd.steps(y)._repr_html_() + autograd.locate(y)._repr_html_(), of_html),
    "svg": (lambda y: autograd.draw(y).svg, of_xml),
    "dot": (lambda y: autograd.draw(y).dot.source, of_dot),
    "stepper": (lambda y: autograd.stepper(y)._repr_html_(), of_html),
}


@functools.cache
def allowed(renderer: str) -> Structure:
    """The structure that labels without malice give."""
    make, structure = RENDERERS[renderer]
    found = frozenset[tuple[str, str]]().union(*(structure(make(labelled(label))) for label in WELL_FORMED_LABELS))
    if structure is of_latex:  # how text is spelled that is no name
        words = [*"_%&#${}", "mathrm", "text", "backslash", "sim", "ldots", "hat", "cdot", "infty", " "]
        found |= {(f"\\{word}", "") for word in words} | {(rf"\{g}", "") for g in autograd.notation._GREEK.values()}
        found |= {("^", ""), ("_", "")}
    return found


def judge_label(given: tuple[str, int], folder: Path) -> str:
    label, which = given
    y = labelled(label)
    names = list(RENDERERS)
    # The pictures take longest: every input goes through one renderer of text, every eighth through one picture.
    for renderer in [names[which % 6], *([names[6 + len(label) % 3]] if which == 0 else [])]:
        make, structure = RENDERERS[renderer]
        try:
            made = make(y)
            smuggled = structure(made) - allowed(renderer)
        except (ET.ParseError, WrongError) as error:
            raise WrongError(f"{renderer}: {error}") from None
        demand(not smuggled, f"{renderer}: {sorted(smuggled)[:5]}")
        made.encode()
    return "accepted"


SURFACES = {
    surface.name: surface
    for surface in (
        Surface("model", 300, draw_model, judge_model),
        Surface("csv", 300, draw_csv, judge_csv),
        Surface("expression", 190, draw_expression, judge_expression),
        Surface("command", 10, draw_command, judge_command),
        Surface("label", 200, draw_label, judge_label),
    )
}


# ---- Running -------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of the inputs."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)  # by kind, with the first input of the kind
    slowest: dict[str, float] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        self.counts += other.counts
        self.wrong = {**other.wrong, **self.wrong}
        for name, seconds in other.slowest.items():
            self.slowest[name] = max(seconds, self.slowest.get(name, 0.0))


class Hang(BaseException):
    """Not an Exception, so that nothing but the runner catches it."""


def _ring(*_: object) -> None:
    raise Hang


def attempt(surface: Surface, seed: str, folder: Path, tally: Tally) -> None:
    """One input: drawn from its seed, judged, counted."""
    given = surface.drawn(random.Random(seed))
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        outcome = surface.judge(given, folder)
    except WrongError as error:
        outcome, kind = "wrong", re.sub(r"\d+|'.*", "", str(error))[:120]
        tally.wrong.setdefault(f"{surface.name}: {kind}", f"{seed}: {given!r:.1500}\n    {error}")
    except Hang:
        outcome = "wrong"
        tally.wrong.setdefault(f"{surface.name}: more than {SECONDS} s", f"{seed}: {given!r:.1500}")
    except Exception as error:
        outcome, where = "wrong", traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
        tally.wrong.setdefault(f"{surface.name}: {kind}", f"{seed}: {given!r:.1500}\n    {error!r:.300}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    tally.counts[f"{surface.name} {outcome}"] += 1
    taken = time.process_time() - start
    tally.slowest[surface.name] = max(taken, tally.slowest.get(surface.name, 0.0))


def batch(task: tuple[str, str, int, int]) -> Tally:
    """The inputs from one number to another, of one surface."""
    name, seed, first, last = task
    tally = Tally()
    ring = signal.signal(signal.SIGPROF, _ring)
    try:
        with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_fast_folder()) as folder, layout_of_the_first():
            for i in range(first, last):
                attempt(SURFACES[name], f"{seed}/{name}/{i}", Path(folder), tally)
    finally:
        signal.signal(signal.SIGPROF, ring)
    return tally


def _fast_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def tasks(inputs: int, seed: str, only: list[str], size: int = 2000) -> list[tuple[str, str, int, int]]:
    chosen = [SURFACES[name] for name in only] or list(SURFACES.values())
    parts = sum(surface.share for surface in chosen)
    found = []
    for surface in chosen:
        count = -(-inputs * surface.share // parts)
        found += [(surface.name, seed, first, min(first + size, count)) for first in range(0, count, size)]
    return found


def report(tally: Tally, seconds: float) -> int:
    for name in SURFACES:
        counts = {kind: tally.counts[f"{name} {kind}"] for kind in ("accepted", "refused", "wrong")}
        if any(counts.values()):
            listed = ", ".join(f"{n:7} {kind}" for kind, n in counts.items())
            print(f"{name:11} {listed}; the slowest took {tally.slowest[name]:.2f} s")
    wrong = sum(n for kind, n in tally.counts.items() if kind.endswith(" wrong"))
    for kind, example in sorted(tally.wrong.items()):
        print(f"\n{kind}\n    {example}")
    print(f"\n{tally.counts.total()} inputs, {wrong} of them not handled as they should be; {seconds / 60:.1f} minutes")
    return int(wrong > 0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.trust.fuzz",
        description="Hostile model files, tables, expressions, command lines and labels.  Exit code 1 if one is "
        "mishandled.",
    )
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many (default: a million)")
    parser.add_argument("--seed", default="0", help="of the inputs (default: 0)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--only", action="append", default=[], choices=SURFACES, help="only this surface")
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    start, tally = time.monotonic(), Tally()
    work = tasks(options.inputs, options.seed, options.only)
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        for i, part in enumerate(pool.imap_unordered(batch, work), 1):
            tally.add(part)
            if i % 50 == 0:
                print(f"{i} of {len(work)} batches", file=sys.stderr, flush=True)
    return report(tally, time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
