"""Files are read without the libraries of the extra `hub`; who needs them is told what to type."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys
for library in ("datasets", "sentencepiece", "google.protobuf", "pandas"):
    sys.modules[library] = None  # an import of it fails as if it were not there
"""
TEXTS = ["good one", "bad one", "good two", "bad two"]
LABELS = ["a", "b", "a", "b"]


def without_extra(code: str, *arguments: str) -> str:
    """Return what Python code prints where the extra's libraries cannot be imported."""
    command = [sys.executable, "-c", WITHOUT + code, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(path: Path) -> Path:
    """Write the rows in the format that the file's ending names, and return the path."""
    if path.suffix == ".parquet":
        parquet.write_table(pyarrow.table({"text": TEXTS, "label": LABELS}), path)
    elif path.suffix == ".jsonl":
        rows = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        between = "\t" if path.suffix == ".tsv" else ","
        rows = ["text", *TEXTS], ["label", *LABELS]
        path.write_text("\n".join(map(between.join, zip(*rows, strict=True))))
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_a_file_is_read_without_the_extra(ending, tmp_path):
    """Who has files of their own need not install what fetches those of others."""
    code = "from crosspt_cli import read_csv\nprint([row.label for row in read_csv(sys.argv[1], 'label').rows])"
    assert without_extra(code, str(write(tmp_path / f"rows.{ending}"))) == f"{LABELS}\n"


def test_every_module_can_be_imported_without_the_extra():
    """An import at a module's head would make an option of nobody's a need of everybody's."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "crosspt_cli").rglob("*.py"))
        if path.stem not in ("__init__", "__main__") and "_shipped" not in path.parts
    ]
    code = "from importlib import import_module\nfor name in sys.argv[1:]: import_module(name)\nprint('all')"
    assert without_extra(code, *names) == "all\n"


REFUSED = """
from pathlib import Path
from crosspt_cli.foundation.errors import CrossptError
try:
    {call}
except CrossptError as error:
    print(type(error).__name__, error.exit_code, error)
"""
LACKS = "which cannot be imported (import of {0} halted; None in sys.modules).\npip install 'crosspt[hub]'\n"


def test_a_hub_data_set_without_the_extra_says_what_to_type():
    """The name of a missing library is no command."""
    said = without_extra(REFUSED.format(call="from crosspt_cli import read_csv; read_csv('hf:imdb', 'label')"))
    needs = "NotInstalled 1 hf:imdb: a hub data set needs the library datasets, "
    assert said == needs + LACKS.format("datasets")


def test_an_older_tokenizer_without_the_extra_says_what_to_type(tmp_path):
    """Or transformers asks for tiktoken, which would not help."""
    (tmp_path / "spiece.model").write_bytes(b"")
    call = f"from crosspt_cli.core.tokenizer import read_tokenizer; read_tokenizer(Path({str(tmp_path)!r}), 'old')"
    needs = f"NotInstalled 1 {tmp_path}: a tokenizer without tokenizer.json needs the library sentencepiece, "
    assert without_extra(REFUSED.format(call=call)) == needs + LACKS.format("sentencepiece")
