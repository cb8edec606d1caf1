"""How long do things take at the edges: one text, long texts, many rows, many classes, a long file to answer?

    python bench/edges.py --data DATA --long LONG --parts one,long,classes,predict --out bench/results/edges.json

DATA is the folder of targets, LONG a folder with `train.csv.gz` of long texts (columns `text` and `label`). Every part
is done by fresh `crosspt` processes, timed from outside, imports included; memory is the most that a process held.

`one`: `predict --text` beside `python -c "import torch"`, the median of five · `long`: 80 texts of about 380 words, 20
of each of four classes, at both budgets · `rows`: 5,000 rows of `emotion` at the normal budget · `classes`: 4 rows of
each of the 77 classes of `banking77` at the quick budget · `predict`: 20,000 different texts of the targets ·
`beside`: 64 rows of `cr` at the quick budget, alone and beside a process that keeps a core busy · `pool`: the same rows
without and with 1,000 rows that have no labels · `stages`: the seconds of each stage of `long` at the quick budget ·
`thousand`: 1,000 classes of 5 rows each at the quick budget, words of the targets under made-up names.

With --setfit-python and --encoder SetFit fine-tunes on the rows of `long`, in at most 600 steps, and its rows a second
stand beside ours. The results of one commit are one entry of the file: measured again at another, they stand below.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe
from onboard import setfit

LONG_WORDS, LONG_CLASSES, LONG_EACH = (300, 460), 4, 20
MANY_ROWS, MANY_ANSWERS, POOL = 5_000, 20_000, 1_000
TEXT = "The battery died after two days, and nobody answers."


MEASURING = """
import json, resource, subprocess, sys, time
began = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
seconds = time.monotonic() - began
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([done.returncode, seconds, most / 1024, done.stderr.decode()]))
"""
"""A small process that starts another: one that is forked begins with the memory of its parent."""


STAGES = """
import json, sys, time
from crosspt_cli import onboard
began, stages = time.monotonic(), []
def note(stage, done, total, detail=""):
    if not stages or stages[-1][0] != stage:
        stages.append((stage, time.monotonic()))
onboard(sys.argv[1], "label", budget="quick", name="stages", progress=note)
stages.append(("", time.monotonic()))
print(json.dumps({name: round(after - at, 2) for (name, at), (_, after) in zip(stages, stages[1:])}))
"""


@dataclass(frozen=True)
class Spent:
    """What a process took: `seconds` from outside, and the most memory that it held."""

    seconds: float
    memory_mb: int

    @classmethod
    def by(cls, command: Sequence[str], home: Path) -> Spent:
        """Return what a command takes.

        Raises:
            CalledProcessError: it failed.
        """
        measuring = [sys.executable, "-c", MEASURING, *command]
        environment = {**os.environ, "CROSSPT_HOME": str(home)}
        printed = subprocess.run(measuring, env=environment, capture_output=True, text=True, check=True).stdout
        code, seconds, memory, errors = json.loads(printed)
        if code:
            raise subprocess.CalledProcessError(code, command, stderr=errors)
        return cls(round(seconds, 2), round(memory))


def onboarding(rows: Path, budget: str, home: Path, *more: str) -> Spent:
    """Return what `add-task` takes on the rows, with more words to its command."""
    command = ["crosspt", "add-task", str(rows), "--label-col", "label", "--budget", budget]
    return Spent.by([*command, "--name", f"{rows.stem}-{budget}", *more], home)


def write(path: Path, rows: Iterable[tuple[str, str]]) -> Path:
    """Write texts and labels as a CSV."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("text", "label"), *rows])
    return path


def read(folder: Path) -> list[tuple[str, str]]:
    """Return the training texts of a data set, and their labels."""
    from crosspt_cli.data import read_csv

    return [(row.fields[0], row.label or "") for row in read_csv(folder / "train.csv.gz", "label").rows]


def of_each_class(rows: Sequence[tuple[str, str]], each: int, classes: int | None = None) -> list[tuple[str, str]]:
    """Return so many rows of each class, of the classes that have as many and come first by name."""
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    found: dict[str, list[tuple[str, str]]] = {}
    for place in order:
        found.setdefault(rows[place][1], []).append(rows[place])
    enough = [label for label in sorted(found) if len(found[label]) >= each][:classes]
    return [row for label in enough for row in found[label][:each]]


def long_rows(folder: Path) -> list[tuple[str, str]]:
    """Return 80 texts of about 380 words."""
    least, most = LONG_WORDS
    return of_each_class([row for row in read(folder) if least <= len(row[0].split()) <= most], LONG_EACH, LONG_CLASSES)


def one_text(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return the seconds of one answer from the shell, and those of importing torch."""
    asked, home = small_task(chosen.data, scratch)
    every = [Spent.by([*asked, "--text", TEXT], home).seconds for _ in range(5)]
    torch = [Spent.by([sys.executable, "-c", "import torch"], home).seconds for _ in range(5)]
    return {"predict --text": statistics.median(every), "import torch": statistics.median(torch)}


def many_answers(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return what it takes to answer a long file."""
    asked, home = small_task(chosen.data, scratch)
    every = [row for target in ("cr", "subj", "emotion", "trec") for row in read(chosen.data / target)]
    texts = list(dict.fromkeys(every))[:MANY_ANSWERS]
    spent = Spent.by([*asked, str(write(scratch / "many.csv", texts))], home)
    return {"rows": len(texts), "rows_per_second": round(len(texts) / spent.seconds, 1)} | vars(spent)


def small_task(data: Path, scratch: Path) -> tuple[list[str], Path]:
    """Return the words that ask a small task, and where it lies."""
    rows, home = write(scratch / "small.csv", of_each_class(read(data / "cr"), 16)), scratch / "home"
    onboarding(rows, "quick", home)
    return ["crosspt", "predict", "--task", "small-quick"], home


def beside_another(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return what an onboarding takes alone, and beside a process that keeps a core busy."""
    rows = write(scratch / "beside.csv", of_each_class(read(chosen.data / "cr"), 32))
    alone = onboarding(rows, "quick", scratch / "home")
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        beside = onboarding(rows, "quick", scratch / "another")
        busy.kill()
    return {"alone": vars(alone), "beside a busy process": vars(beside)}


def with_pool(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return what an onboarding takes without rows that have no labels, and with 1,000 of them."""
    every = read(chosen.data / "cr")
    rows = write(scratch / "pool.csv", of_each_class(every, 32))
    others = write(scratch / "others.csv", [(text, "") for text, _ in every[:POOL]])
    without = onboarding(rows, "quick", scratch / "home")
    within = onboarding(rows, "quick", scratch / "another", "--unlabelled", str(others))
    return {"without": vars(without), "with": vars(within)}


def many_rows(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return what it takes to onboard thousands of rows."""
    rows = write(scratch / "rows.csv", read(chosen.data / "emotion")[:MANY_ROWS])
    return {"normal": vars(onboarding(rows, "normal", scratch / "home"))}


def many_classes(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return what it takes to onboard 77 classes."""
    rows = write(scratch / "classes.csv", of_each_class(read(chosen.data / "banking77"), 4))
    return {"quick": vars(onboarding(rows, "quick", scratch / "home"))}


def thousand_classes(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return what it takes to onboard 1,000 classes."""
    words = dict.fromkeys(word for text, _ in read(chosen.data / "emotion") for word in text.split() if len(word) > 4)
    named = list(words)[:1_000]
    texts = [text for text, _ in read(chosen.data / "subj")][:5]
    rows = [(f"{text} {name} {name}", f"about {name}") for name in named for text in texts]
    return {"quick": vars(onboarding(write(scratch / "thousand.csv", rows), "quick", scratch / "home"))}


def stages_of_long(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return the seconds of each stage of an onboarding of long texts, imports aside."""
    path = write(scratch / "long.csv", long_rows(chosen.long))
    environment = {**os.environ, "CROSSPT_HOME": str(scratch / "home")}
    command = [sys.executable, "-c", STAGES, str(path)]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def long_texts(chosen: argparse.Namespace, scratch: Path) -> dict:
    """Return what it takes to onboard long texts, and SetFit to fine-tune on them."""
    rows = long_rows(chosen.long)
    path = write(scratch / "long.csv", rows)
    found: dict = {"rows": len(rows), "words": round(float(np.mean([len(text.split()) for text, _ in rows])))}
    found |= {budget: vars(onboarding(path, budget, scratch / "home")) for budget in ("quick", "normal")}
    if chosen.setfit_python:
        found["setfit"] = setfit(chosen.setfit_python, path, path, chosen.encoder)
    return found


PARTS = {
    "one": one_text, "long": long_texts, "rows": many_rows, "classes": many_classes, "predict": many_answers,
    "beside": beside_another, "pool": with_pool, "stages": stages_of_long, "thousand": thousand_classes,
}  # fmt: skip


def main() -> None:
    """Measure the parts one after the other, and keep each at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--long", type=Path, help="folder of a data set of long texts")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--setfit-python")
    parser.add_argument("--encoder")
    parser.add_argument("--out", type=Path, default=Path("bench/results/edges.json"))
    chosen = parser.parse_args()
    entries = json.loads(chosen.out.read_text()) if chosen.out.is_file() else []
    entries.append({"machine": describe()})
    for part in chosen.parts.split(","):
        with tempfile.TemporaryDirectory() as name:
            entries[-1][part] = PARTS[part](chosen, Path(name))
        print(part, json.dumps(entries[-1][part]), flush=True)
        chosen.out.write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
