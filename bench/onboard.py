"""How long does it take to onboard 64 rows of 20 words, and how fast is prediction, beside SetFit and peft?

    python bench/onboard.py --data DATA --setfit-python PYTHON --encoder FOLDER

Rows are drawn from a target with two classes (`cr`), 32 per class. Each tool runs as a person would run it: a fresh
process, timed from outside, imports included. In the same run: `crosspt add-task` at the quick and normal budgets, on
the embedded backbone and on the faster one, SetFit on all-MiniLM-L6-v2 in an environment of its own, a training step
of one trial and of a whole population, with prompts where the shipped ones enter and at the input, beside a step of
peft's PROMPT_TUNING, rows a second of both tools' predict, and the time of the light commands.
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
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
PEERS = Path(__file__).parent / "peers"
BUDGETS = ("quick", "normal")
BACKBONES = ("mini", "mini-fast")


def onboard(rows: Path, test: Path, backbone: str, budget: str, home: Path) -> dict:
    """Return seconds, memory and accuracy of `crosspt add-task` on a backbone at a budget."""
    environment, task = {**os.environ, "CROSSPT_HOME": str(home)}, f"{backbone}-{budget}"
    command = ["crosspt", "add-task", str(rows), "--label-col", "label", "--backbone", backbone, "--budget", budget]
    command += ["--name", task, "--json"]
    began = time.monotonic()
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    result = json.loads(finished.stdout)
    answers = subprocess.run(
        ["crosspt", "predict", "--task", task, str(test), "--format", "jsonl"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    records = [json.loads(line) for line in answers.stdout.splitlines()]
    right = [record["label"] == record["predicted_label"] for record in records]
    return {
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(result["peak_memory_mb"]),
        "accuracy": round(float(np.mean(right)), 4),
        "cv": result["cv"],
        "chosen": result["chosen"],
        "trials": result["trials"],
    }


def setfit(python: str, rows: Path, test: Path, encoder: str) -> dict:
    """Return what SetFit prints of itself, and the time of its process from outside."""
    began = time.monotonic()
    command = [python, str(PEERS / "setfit_run.py"), str(rows), str(test), encoder]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(finished.stdout.splitlines()[-1]) | {"process_seconds": round(time.monotonic() - began, 1)}


def peft_step(rows: Path, dtype: str) -> dict:
    """Return the time of a step of peft's prompt tuning, in a process of its own."""
    from crosspt_cli.foundation.paths import shipped

    folder = str(shipped("registry") / "backbones" / "mini")
    command = [sys.executable, str(PEERS / "peft_step.py"), str(rows), folder, dtype]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(finished.stdout.splitlines()[-1])


def own_steps(rows: Path, trials: int, layer: int | None = None, steps: int = 20) -> float:
    """Return milliseconds per trial-step of 8 rows, with `trials` trials trained together.

    Args:
        rows: CSV of the task.
        trials: as many prompts; what they are mixed from costs nothing to speak of, so they are private ones alone.
        layer: the encoder layer before which they enter; None: where the shipped source prompts do.
        steps: to take the median of.
    """
    from crosspt_cli import Registry, read_csv
    from crosspt_cli.evidence.trial import Candidate, Fold
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.reading.backbones import open_backbone
    from crosspt_cli.reading.prepare import prepare
    from crosspt_cli.search.trials import Trial, make_population

    registry = Registry.open()
    backbone, examples = open_backbone("mini", registry), read_csv(rows, "label")
    sources = load_sources(registry, backbone, layer)
    task = study_task(examples, backbone, prepare(examples, backbone), sources, 0)
    everything = np.arange(len(examples))
    population = make_population(
        task, [Candidate((), 1.0)], [Trial(0, 0, 0)] * trials, [Fold(everything, everything[:0])], steps
    )
    times = []
    for _ in range(steps):
        began = time.perf_counter()
        population.step()
        times.append(time.perf_counter() - began)
    return round(1000 * statistics.median(times) / trials, 1)


def predict_rows_per_second(task: str, test: Path, home: Path) -> float:
    """Return rows a second of a loaded task on the test rows, four times over, as `setfit_run.py` does.

    Each time they end in another number, because equal rows are read once.
    """
    from crosspt_cli import Predictor, Registry, read_csv

    predictor = Predictor.open(task, Registry.open(home))
    rows = read_csv(test, "label", min_per_class=1).rows
    texts = [(*row.fields[:-1], f"{row.fields[-1]} {turn}") for turn in range(4) for row in rows]
    predictor.predict(texts[:32])
    began = time.perf_counter()
    predictor.predict(texts)
    return round(len(texts) / (time.perf_counter() - began), 1)


def command_seconds(*arguments: str) -> float:
    """Return the median time of five fresh processes."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(["crosspt", *arguments], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    return round(statistics.median(times), 3)


def draw(data: Path, scratch: Path) -> tuple[Path, Path]:
    """Write 64 training rows and all test rows of `cr` as plain CSV files."""
    from crosspt_cli.data import few_shots, read_csv

    sets = {
        "train.csv": few_shots(read_csv(data / "cr" / "train.csv.gz", "label"), 32, 0),
        "test.csv": read_csv(data / "cr" / "test.csv.gz", "label"),
    }
    for name, examples in sets.items():
        with (scratch / name).open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows([("text", "label"), *((row.fields[0], row.label) for row in examples.rows)])
    words = np.mean([len(row.fields[0].split()) for row in sets["train.csv"].rows])
    print(f"64 rows of {words:.1f} words, {len(sets['test.csv'])} test rows", file=sys.stderr)
    return scratch / "train.csv", scratch / "test.csv"


def main() -> None:
    """Measure everything in one run and keep the result."""
    from machine import describe

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--setfit-python", required=True, help="python of an environment with setfit")
    parser.add_argument("--encoder", required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, default=Path("bench/results/onboard.json"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        rows, test = draw(chosen.data, scratch)
        home = scratch / "home"
        result = {
            "machine": describe(),
            "crosspt": {
                backbone: {budget: onboard(rows, test, backbone, budget, home) for budget in BUDGETS}
                for backbone in BACKBONES
            },
            "setfit": setfit(chosen.setfit_python, rows, test, chosen.encoder),
            "predict_rows_per_second": {
                backbone: predict_rows_per_second(f"{backbone}-quick", test, home) for backbone in BACKBONES
            },
            "ms_per_trial_step": {
                "crosspt, one trial": own_steps(rows, 1),
                "crosspt, 16 trials together": own_steps(rows, 16),
                "crosspt, 16 trials together, prompts at the input": own_steps(rows, 16, 0),
                "peft, fp32": peft_step(rows, "fp32")["ms_per_step"],
                "peft, bf16": peft_step(rows, "bf16")["ms_per_step"],
            },
            "command_seconds": {
                "--help": command_seconds("--help"),
                "--version": command_seconds("--version"),
                "registry list": command_seconds("registry", "list"),
            },
        }
    chosen.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
