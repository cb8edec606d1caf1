"""Labelled rows come through a pipe as they come from a file: they are read once, and passed on."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading

import pytest
from cli_process import ROOT, environment

from crosspt_cli.data import read_csv, read_labelled

CASES = ROOT / "tests/cases"
BASE = (CASES / "base.csv").read_bytes()
PYTHON = f"{sys.executable} -m crosspt_cli.cli.main"


@pytest.fixture
def shell(tmp_path):
    """Run a command line in bash, beside the packed rows x.csv.gz."""
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(BASE))

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line.replace("crosspt", PYTHON)],
            cwd=tmp_path,
            env=environment(CROSSPT_HOME=str(tmp_path / "home")),
            capture_output=True,
            text=True,
            timeout=120,
        )

    return shell


@pytest.fixture
def fifo(tmp_path):
    """Make a named pipe through which the rows come once."""
    path = tmp_path / "rows.pipe"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(BASE,), daemon=True).start()
    return path


def test_a_task_is_onboarded_from_a_pipe(call, home, tiny_backbone, monkeypatch, fifo):
    """A second reading would wait for ever, for nothing comes twice."""
    monkeypatch.setenv("CROSSPT_BACKBONE", str(tiny_backbone))
    flags = ("--budget", "quick", "--folds", "2", "--lr-ratios", "1", "--device", "cpu", "--dtype", "fp32")
    done = call("add-task", fifo, "--label-col", "label", "--name", "n", *flags)
    assert done.code == 0, done.err
    assert done.out.startswith("n: 30 rows, 3 classes, ")
    # a report looks for the rows again, and the pipe has none
    done = call("report", "--task", "n", "-o", home / "n.html")
    assert done.code == 0, done.err


def test_packed_rows_are_planned_from_a_process(shell):
    """`<(zcat x.csv.gz)` is what people type."""
    done = shell("crosspt add-task <(zcat x.csv.gz) --label-col label --name n --dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("n: 30 rows; nothing was saved\n")
    for same in ("crosspt add-task x.csv.gz", "zcat x.csv.gz | crosspt add-task -"):
        again = shell(f"{same} --label-col label --name n --dry-run").stdout
        assert again.split("would take")[0] == done.stdout.split("would take")[0]  # seconds are measured anew


def test_a_pipe_is_checked_as_the_file_is(shell):
    """And the next command is one that can be typed."""
    by_name = shell("crosspt check x.csv.gz --label-col label").stdout.splitlines()
    through = shell("cat x.csv.gz | crosspt check - --label-col label").stdout.splitlines()
    assert through[0] == "/dev/stdin: ready for add-task, nothing to mend"
    assert through[1:-1] == by_name[1:-1]
    assert through[-1] == "… | crosspt add-task - --label-col label --name NAME"
    found = shell("crosspt check <(zcat x.csv.gz) --label-col label").stdout.splitlines()
    assert found[1:] == through[1:]


def test_a_pipe_has_no_name_for_a_task(shell):
    """A task called 63, after /dev/fd/63, is not what anybody wants."""
    done = shell("cat x.csv.gz | crosspt add-task - --label-col label")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "-: is a pipe, which gives the task no name.\nPass --name with a name for the task.\n"


def test_without_a_label_column_the_columns_of_the_pipe_are_named(shell):
    """The hint is what the person needs, wherever the rows come from."""
    done = shell("zcat x.csv.gz | crosspt check -")
    assert done.stderr == (
        "/dev/stdin: which column holds the labels? It has columns 'text' and 'label'.\n"
        "Pass --label-col with the column that holds the labels.\n"
    )


def test_what_was_read_is_not_read_again(fifo):
    """From Python as well: a table stands for its file."""
    table = read_labelled(fifo)
    assert read_csv(table, "label") == read_csv([table], "label")
    assert read_csv(table, "label").class_counts() == {"account": 10, "billing": 10, "shipping": 10}


def test_rows_without_labels_come_through_a_pipe_too(shell):
    """The next command shows where; and one pipe holds either kind."""
    done = shell("zcat x.csv.gz | crosspt check x.csv.gz --label-col label --unlabelled -")
    assert done.stdout.splitlines()[-1] == "… | crosspt add-task x.csv.gz --label-col label --unlabelled -"
    done = shell("zcat x.csv.gz | crosspt check - --label-col label --unlabelled -")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "--unlabelled: is the pipe that the labelled rows came through.\nWrite one of them to a file.\n"
    )
