"""Print docs/cli.md from what the commands say of themselves: ``python docs/make_cli.py > docs/cli.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crosspt_cli.cli.main import crosspt

WIDTH = 100

INTRODUCTION = """\
# The command line

Printed by `python docs/make_cli.py`; a test keeps it in step with the commands.

**Streams.** stdout carries answers only. Progress, notices and errors go to stderr. Progress is shown on a terminal
only, and not with `--json` or `-q`. `--json` prints one object; an error is then `{"error": {"kind": …, "where": …,
"problem": …, "hint": …}}` on stdout.

**Exit codes.** 0 ok · 1 failure · 2 usage · 3 data rejected · 4 not found · 5 integrity · 6 time budget spent
before any usable result · 130 interrupted.

**Help.** `--help` and `crosspt help COMMAND` print help to stdout, with exit code 0. So does a name that stands for
several commands, alone: `crosspt`, `crosspt methods`, `crosspt registry`, `crosspt templates`.
[completion.md](completion.md) sets up the Tab.

**Defaults of your own.** Each option has an environment variable, made of `CROSSPT_`, the command and the option, e.g.
`CROSSPT_ADD_TASK_BUDGET=quick`. `CROSSPT_DEVICE` and `CROSSPT_BACKBONE` count for every command, and `CROSSPT_HOME`
moves the personal registry. A YAML file does the same: `config.yaml` in the personal registry, or the file that
`CROSSPT_CONFIG` names.

```yaml
add-task:
  budget: quick
  text-col: [subject, body]
  label-words:
    bill: billing
    LOG-IN=2FA: log in
registry:
  pretrain:
    device: cpu
```

The command line wins over the environment, the environment over the file, the file over what is built in.

**What `check` finds.** Its findings are the answer and go to stdout. Each has a severity: `error` (add-task would
refuse, in the same words), `warning` (answers, or the trust in the score, may suffer) or `note`. These are the kinds:

| kind | what |
|---|---|
| `file`, `missing-column`, `classes`, `template` | errors: what add-task would stop at |
| `encoding`, `header`, `columns` | a guess or forgiveness on reading; columns without text |
| `too-many-cells`, `too-few-cells`, `bad-quotes`, `bad-json`, `blank-text` | rows left out |
| `blank-label`, `blank-label-copy` | rows without a label: used without it, or left out as copies of labelled rows |
| `duplicate`, `two-labels`, `rare-class` | rows left out: copies, texts under two labels, classes for `--drop-rare` |
| `blank-field`, `label-spaces`, `similar-labels` | rows kept: one of several texts is blank, labels written unevenly |
| `near-duplicate`, `near-two-labels` | rows with almost the text of another one, of the same label and of another |
| `few-rows`, `imbalance` | classes with fewer than 4 rows; a largest class of 5 times the rows of the smallest |
| `cut` | texts of more than 256 tokens, the template's included |
| `unlabelled`, `unlabelled-labels` | how many rows without labels can be used, and how many have a label all the same |
| `unlabelled-few`, `unlabelled-length` | fewer than 30 rows in files of `--unlabelled`; texts of another length |
| `unlabelled-file`, `unlabelled-…` | a file of `--unlabelled` that add-task would refuse; `cut` … of its texts |
| `label-words` | labels whose words would stand for another one too, or are codes that were given a meaning |

Two rows are near-duplicates when each of their texts shares at least 80 % of the three-word shingles that either has
(a Jaccard index of 0.8). Case and punctuation do not count, nor do numbers beside three words or more. A row is
paired at most twice: with one row of its label, and with one of another. In `--json`, `lines` then has pair after
pair.

**What `suggest` writes.** A CSV with the task's text columns, its label column (empty), `crosspt_line`,
`crosspt_guess` and `crosspt_confidence`, the most useful row first. A column called `crosspt_…` is never taken for
text, so the file goes into `add-task` as it is once the labels are filled in. `-o OUT` replaces a file only with
`--replace`, and never FILE itself. `--json` prints the rows with their `disagreement`, what was passed over, `notices`
of the file and `notes` of the choice. [labelling.md](labelling.md) says how rows are chosen.

**What `report` writes.** One page of HTML. `-o FILE` appears when all of it is written, and a file that exists is
replaced only with `--replace`. `--json` prints the values that the page shows: `origin` (command, versions, seconds),
`accuracy`, `methods`, `classes`, `confusion` (`null` beyond 10 classes) and `confused`, `candidates`, `attention`,
`calibration` (`bins`, `targets`), `hardest`, and `texts_missing` where the texts of rows cannot be shown.
[report.md](report.md) says how to read it.

**What `predict` writes.** The input's columns in their order, and then

- `label` and `confidence`. Confidences are calibrated on held-out rows;
- with `--proba`, one `p_CLASS` for each class;
- `unusual`: `true` where the text is unlike every class of the training rows, as about one in twenty of texts like
  these is. It is also `true` where the text says nothing that can be read: no letter or digit, mostly unknown tokens,
  or the same over and over ([method.md](method.md#unusual-texts)).

A row without text gets no label, no confidence and no probabilities, and is counted.

Below `--abstain-below P` the label is left empty in CSV and TSV, `null` in JSON, and `(no answer)` for people.
Confidence and probabilities stay. `--target-accuracy A` finds that confidence from the task's held-out answers, so
that the labels given are right with A in nine of ten onboardings. With too few rows it is refused (exit code 2), and
says about how many it would take.

stderr says how many rows have no text, how many no label for their confidence, how many of the others are unusual,
and how many texts were too long to be read to the end (256 tokens, the template's included). `--json` has the same as
`blank`, `abstain_below`, `abstained`, `promise`, `unusual` and `cut`. Beside them are
`notices` of the input and `notes`, sentences that stderr would have had.

`--windows` reads texts that are too long in windows of the length that is read at once, and averages what was read.
It answers more of them right ([method.md](method.md#long-texts)), and takes as long as all of the text does. Of a pair
the longer text is read so.

`--adapt` lets up to 2,000 rows of INPUT, a file, count as rows without labels in the answers to that file; the task
that is saved does not change ([method.md](method.md#adapting-to-the-rows-asked-about)). stderr says how many count,
and `--json` as `adapted`. Confidences were calibrated without these rows, so `--target-accuracy` is refused beside it.

Where the input has a column of that name, the answer's is called `predicted_label` and so on, and stderr says so. CSV
is written in UTF-8, whatever the input's encoding, with the input's delimiter, or with commas where `--format csv` is
given. JSONL keeps each record as it is written, number for number, and adds the answer's keys. Lines of plain text
become `text,label,confidence` and so on.

`-o OUT` appears when all of it is written. A file that exists is replaced only with `--replace`, and the input never,
under whatever name. Rows are read and answered 512 at a time, so memory does not grow with the file. `--json` holds
up to 10,000 rows and counts them from 0.

**What `predict` and `suggest` take for a header.** The first line, where it has the task's text columns or those of
`--text-col`. Otherwise something has to speak for it: a name such as `review`, a word over numbers or dates, or names
over sentences. Where nothing does, the file is refused, because a row that is taken for a header gets no answer.
`--no-header` says that the first line is a row, `--text-col` that it is none.

A pipe, or a `.txt` file, is read as a table when its first line is a header or a JSON object. Otherwise each line is
a text; `--no-header` asks for that.
"""


def document() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *sections(crosspt, ("crosspt",))])


def sections(command: click.Command, words: tuple[str, ...]) -> Iterator[str]:
    """Yield a section for the command and each below it."""
    path = " ".join(words)
    ctx = click.Context(
        command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=["--help"]
    )
    yield f"## {path}\n\n```\n{command.get_help(ctx)}\n```\n"
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from sections(below, (*words, name))


if __name__ == "__main__":
    sys.stdout.write(document())
