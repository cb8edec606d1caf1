"""How good are backbones for few-shot tasks, before any source prompt is trained for them?

    python bench/backbones.py mini FOLDER --data DATA --targets cr,trec --out bench/results/backbones.json

Every backbone reads the same rows: those that `accuracy.py` draws. Columns, balanced accuracy in %: `encoder` logistic
regression on the mean-pooled encoder output · `prototypes` nearest class mean of the same vectors · `label words` a
private prompt of 90 steps · `both` that prompt with its prototypes at weight 10 · `instruction` no rows at all: the
set's kind asked about in words, with the options shown. Below the table stands how far each backbone is from the first
one, ± standard error over targets and draws.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from rows import TARGETS, balanced, draw_rows, mean_and_error

STEPS, WEIGHT = 90, 10.0
COLUMNS = ("encoder", "prototypes", "label words", "both", "instruction")
QUESTIONS = {
    "sentiment": "how does the writer feel?",
    "emotion": "which emotion does the text express?",
    "topic": "what is this text about?",
    "intent": "what does the user want?",
    "nli": "does the second text follow from the first?",
    "question-type": "what does the question ask for?",
    "subjectivity": "is this an opinion or a fact?",
    "spam": "is this message spam?",
}
DEFAULT_QUESTION = "which of these is it?"


def measure(folder: Path, backbone, per_class: int, draw: int, test_rows: int) -> dict[str, float]:
    """Return every column for one backbone and one draw of rows."""
    from crosspt_cli import Registry
    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.core.score import Readout, prototypes
    from crosspt_cli.core.train import answer_rows, read_alone, score_rows
    from crosspt_cli.onboarding.prepare import input_encoder, prepare
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.search.baselines import ENCODER, FITTERS
    from crosspt_cli.search.candidates import Candidate
    from crosspt_cli.search.final import fit_final
    from crosspt_cli.search.trials import tokens_at_once

    shots, test = draw_rows(folder, per_class, draw, test_rows)
    prepared = prepare(shots, backbone)
    task = study_task(shots, backbone, prepared, load_sources(Registry(()), backbone), draw)
    encoder, at_once = input_encoder(prepared.spec, backbone), tokens_at_once(backbone.device)
    rows = [encoder.encode(row.fields)[0] for row in test.rows]
    texts, everything = read_alone(backbone, encode_texts(rows, backbone.device), 0, at_once), torch.arange(len(rows))
    truth = np.array([shots.classes.index(label) for label in test.labels()])
    vectors = texts.vectors.cpu().numpy()
    fit = fit_final(task, Candidate((), 1.0), STEPS, STEPS)
    prompts = torch.as_tensor(fit.prompt)[None]
    answered = answer_rows(backbone, prompts, everything * 0, texts, everything, task.tree, at_once)
    nearness = fit.prototypes.nearness(answered.vectors, answered.plain)
    asked = backbone.tokenize(_question(folder, prepared.spec.verbalizer))
    questions = encode_texts([[*asked, *row] for row in rows], backbone.device)
    instructed = score_rows(backbone, prompts[:, :0], everything * 0, questions, everything, task.tree, at_once)
    plain = prototypes(task.vectors, task.labels, len(shots.classes))
    answers = {
        "encoder": FITTERS[ENCODER]().fit(task.vectors, task.labels).predict(vectors),
        "prototypes": plain.nearness(vectors).argmax(1),
        "label words": Readout(0.0).log_shares(answered.nats, fit.leaning, nearness).argmax(1),
        "both": Readout(WEIGHT).log_shares(answered.nats, fit.leaning, nearness).argmax(1),
        "instruction": instructed.argmax(1),
    }
    return {name: round(balanced(got, truth), 4) for name, got in answers.items()}


def _question(folder: Path, verbalizer) -> str:
    kind = yaml.safe_load((folder / "SOURCE.yaml").read_text())["task_type"]
    return f"{QUESTIONS.get(kind, DEFAULT_QUESTION)} options: {', '.join(verbalizer.words)}."


def main() -> None:
    """Measure, keep and print."""
    from machine import describe

    from crosspt_cli import Registry
    from crosspt_cli.onboarding.backbones import open_backbone

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backbones", nargs="+", help="names of the registry, or folders")
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--targets", default=TARGETS)
    parser.add_argument("--per-class", default="4,16")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("bench/results/backbones.json"))
    chosen = parser.parse_args()
    lines = []
    for name in chosen.backbones:
        backbone = open_backbone(name, Registry.open(), "cpu")
        for target in chosen.targets.split(","):
            for per_class in map(int, chosen.per_class.split(",")):
                for draw in range(chosen.draws):
                    found = measure(chosen.data / target, backbone, per_class, draw, chosen.test_rows)
                    line = {"backbone": Path(name).name, "target": target, "per_class": per_class, "draw": draw}
                    lines.append(line | {"balanced": found})
                    print(json.dumps(lines[-1]), file=sys.stderr, flush=True)
    chosen.out.write_text(json.dumps({"machine": describe(), "lines": lines}, indent=1) + "\n")
    print(table(lines))
    if len(chosen.backbones) > 1:
        print(f"\n{differences(lines)}")


def table(lines: list[dict]) -> str:
    """Return a Markdown table of means over draws and then targets, and one of every target."""
    out = [f"| backbone | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for per_class in sorted({line["per_class"] for line in lines}):
        of_size = [line for line in lines if line["per_class"] == per_class]
        targets = list(dict.fromkeys(line["target"] for line in of_size))
        for target in [*targets, None]:
            for name in dict.fromkeys(line["backbone"] for line in lines):
                rows = [r for r in of_size if r["backbone"] == name and target in (None, r["target"])]
                cells = [f"{100 * np.mean([row['balanced'][column] for row in rows]):.1f}" for column in COLUMNS]
                where = target or f"**mean of {len(targets)}**"
                out.append(f"| {name}, {where}, {per_class} per class | {' | '.join(cells)} |")
    return "\n".join(out)


def differences(lines: list[dict]) -> str:
    """Return a Markdown table of every backbone less the first, in points ± standard error over the rows both read."""
    first, *others = dict.fromkeys(line["backbone"] for line in lines)
    known = {(line["backbone"], line["target"], line["per_class"], line["draw"]): line["balanced"] for line in lines}
    out = [f"| less {first} | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for per_class in sorted({line["per_class"] for line in lines}):
        for name in others:
            same = [key[1:] for key in known if key[0] == name and key[2] == per_class]
            cells = []
            for column in COLUMNS:
                apart = 100 * np.array([known[name, *key][column] - known[first, *key][column] for key in same])
                cells.append(mean_and_error(apart))
            out.append(f"| {name}, {per_class} per class | {' | '.join(cells)} |")
    return "\n".join(out)


if __name__ == "__main__":
    main()
