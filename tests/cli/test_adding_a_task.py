"""`crosspt add-task`: one command from a CSV to a task, and nothing changed when it cannot be done."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest
import yaml
from cli_process import ROOT, environment

CASES = ROOT / "tests/cases"

QUICK = (
    "--label-col",
    "y",
    "--budget",
    "quick",
    "--folds",
    "2",
    "--lr-ratios",
    "1",
    "--device",
    "cpu",
    "--dtype",
    "fp32",
)


@pytest.fixture
def add(call, home, tiny_backbone, monkeypatch):
    """Run add-task in this process on the tiny backbone."""
    monkeypatch.setenv("CROSSPT_BACKBONE", str(tiny_backbone))
    return lambda *words: call("add-task", *words)


def test_the_report_ends_with_the_command_to_type_next(add, reviews, home):
    """The person has a classifier now and wants to use it."""
    done = add(reviews, *QUICK, "--readout", "label-words")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("reviews: 8 rows, 2 classes, on the backbone ")
    assert lines[-1] == 'crosspt predict --task reviews --text "…"'
    labels = [line.split("  ")[0] for line in lines if line and line[0] != " "]
    shown = ["chosen", "because", "accuracy", "verdict", "more rows", "template", "label words", "time", "saved"]
    assert labels[1:-1] == shown
    assert "\x1b" not in done.out
    assert (home / "tasks/reviews/task.yaml").is_file()


def test_what_takes_long_is_told_before_it_begins_with_what_is_faster(add, reviews, monkeypatch):
    """On stderr, for those who wait; nobody who asked for quiet hears of it."""
    from crosspt_cli.report import summary

    monkeypatch.setattr(summary, "LONG_S", 0.0)
    told = add(reviews, *QUICK).err
    assert re.fullmatch(r"This should take about .+\. Faster: --max-time 2m, which ends the search early\.\n", told)
    assert add(reviews, *QUICK, "--replace", "-q").err == ""


def test_verbose_adds_the_methods_own_terms(add, reviews, home):
    """Those who know the method find the candidate, the shares and the table of simpler methods."""
    done = add(reviews, *QUICK, "--readout", "label-words", "-v")
    labels = [line.split("  ")[0] for line in done.out.splitlines() if line and line[0] != " "]
    assert labels[6:11] == ["candidate", "attention", "answers from", "correction", "calibration"]
    assert "held-out accuracy on 2 folds" in labels
    assert {"as chosen", "encoder + logistic regression", "most frequent class"} <= set(labels)


def test_json_has_every_key_that_scripts_read(add, reviews, home):
    """Benchmarks are written against these names."""
    done = add(reviews, *QUICK, "--seed", "3", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert {
        "task", "backbone", "rows", "classes", "chosen", "cv", "candidates", "trials", "attention", "seconds",
        "peak_memory_mb", "device", "seed",
    } <= set(found)  # fmt: skip
    assert (found["task"], found["rows"], found["classes"], found["seed"]) == ("reviews", 8, ["neg", "pos"], 3)
    assert {"m", "sources", "lr_ratio", "lr"} <= set(found["chosen"])
    assert {"metric", "mean", "se", "folds", "per_fold", "corrected", "interval"} <= set(found["cv"])
    assert found["cv"]["folds"] == len(found["cv"]["per_fold"]) == 2
    assert set(found["trials"]) == {"complete", "pruned", "failed"}
    assert found["attention"] == {"private": 1.0}
    assert found["label_words"] == {"neg": "negative", "pos": "positive"}
    assert set(found["baselines"]) == {
        "most frequent class",
        "TF-IDF + logistic regression",
        "encoder + logistic regression",
    }
    assert set(found["baselines"]) < set(found["verdict"]["methods"])
    assert {"simpler", "sentence"} < set(found["verdict"])
    assert {"temperature", "confidence_before", "confidence"} < set(found["calibration"])
    assert found["path"] == str(home / "tasks/reviews")


def test_a_dry_run_says_what_would_be_done_and_saves_nothing(add, reviews, home):
    """People want to see template and label words before they wait."""
    found = json.loads(add(reviews, *QUICK, "--dry-run", "--json").out)
    assert found["dry_run"] is True
    assert found["class_counts"] == {"neg": 4, "pos": 4}
    assert found["label_words"] == {"neg": "negative", "pos": "positive"}
    text = add(reviews, *QUICK, "--dry-run").out
    assert found["seconds"] > 0 and found["memory_mb"] > 10 and found["device"] == "cpu"
    assert re.search(r"^would take +about \d+ s at most, and about [\d,]+ MB, on cpu: estimates", text, re.MULTILINE)
    assert text.startswith("reviews: 8 rows; nothing was saved\n\nclasses       2: neg 4, pos 4\n")
    assert not (home / "tasks").exists()


def test_notices_come_on_stderr_and_not_when_quiet(add, tmp_path):
    """A row left out silently is a wrong result; but a script may know already."""
    path = tmp_path / "rows.csv"
    path.write_text("text,y\ngood one here,a\nbad one there,b\ngood two here,a\nbad two there,b\n,a\n")
    notice = f"{path}: 1 row with a blank text left out (line 6).\n"
    assert notice in add(path, *QUICK, "--dry-run").err
    assert add(path, *QUICK, "--dry-run", "-q").err == ""
    told = json.loads(add(path, *QUICK, "--dry-run", "--json").out)["notices"]
    assert [(each["kind"], each["lines"]) for each in told] == [("blank-text", [6])]


def test_a_missing_label_column_is_asked_for_by_name(add, reviews):
    """It is the one flag nobody can guess, and the file itself says what it may be."""
    done = add(reviews)
    assert done.code == 2
    assert done.err == (
        f"{reviews}: which column holds the labels? It has columns 'text' and 'y'.\n"
        "Pass --label-col with the column that holds the labels.\n"
    )


ROWS = "a good thing,x\na bad thing,z\nthe good one,x\nthe bad one,z\n"
BAD_FILES = {
    "empty": (b"", 3),
    "header only": (b"text,y\n", 3),
    "no such label column": (f"text,label\n{ROWS}".encode(), 3),
    "no text column": (b"id,y\n1,a\n2,b\n3,a\n4,b\n", 3),
    "one class": (b"text,y\na good thing,x\nthe good one,x\n", 3),
    "a class with one row": (f"text,y\n{ROWS}one more thing,w\n".encode(), 3),
    "5,000 classes": (b"text,y\n" + b"".join(b"text number %d,c%d\n" % (n, n) for n in range(5000)), 3),
    "every text blank": (b"text,y\n ,x\n,z\n ,x\n,z\n", 3),
    "binary": (bytes(range(256)) * 20, 3),
    "a cell beyond all measure": (b"text,y\n" + b"a" * 11_000_000 + b",x\n", 3),
    "unbalanced quotes": (b'text,y\n"a good thing,x\nb,z\n', 3),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_gets_a_sentence_its_exit_code_and_changes_nothing(add, home, tmp_path, case):
    """No traceback, no half-made task: where, what, and what to type."""
    content, code = BAD_FILES[case]
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    done = add(path, *QUICK)
    assert (done.code, done.out) == (code, "")
    where, _, rest = done.err.partition(": ")
    assert where.startswith(str(path))
    assert len(done.err.splitlines()) == 2 and rest.endswith("\n")
    assert not (home / "tasks").exists()


def test_label_words_change_what_is_asked_and_no_label(add, reviews, home):
    """A code such as 'pos' may mean more to the backbone by another word, and answers keep their name."""
    words = ("--label-words", "pos=excellent", "--label-words", "neg=so bad", "--readout", "label-words", "--json")
    made = json.loads(add(reviews, *QUICK, *words).out)
    assert made["label_words"] == {"neg": "so bad", "pos": "excellent"}
    task = yaml.safe_load((home / "tasks/reviews/task.yaml").read_text())
    assert [(each["label"], each["words"]) for each in task["classes"]] == [("neg", "so bad"), ("pos", "excellent")]
    assert "--label-words 'pos=excellent,neg=so bad'" in task["command"]


def test_label_words_of_no_class_are_refused(add, reviews, home):
    """A slip would silently train with other words."""
    done = add(reviews, *QUICK, "--label-words", "poss=excellent")
    assert (done.code, done.err.splitlines()[0]) == (3, "label words: no class is named 'poss'; the nearest is 'pos'.")


def test_the_advised_label_map_is_accepted_where_labels_have_commas(add, tmp_path):
    """`tests/cases/commalabel.csv`: what the notice says to type was refused."""
    words = (CASES / "commalabel.csv", "--label-col", "label", "--dry-run", "--drop-rare")
    notices = [line for line in add(*words).err.splitlines() if "--label-map" in line]
    advice = [line[line.index("--label-map") : line.index(" makes them ")] for line in notices]
    assert any(r"--label-map 'MONEY\, CARDS=Money\, cards," in each for each in advice)
    done = add(*words, *shlex.split(" ".join(advice)))
    assert done.code == 0 and "differ only in case" not in done.err


BAD_OPTIONS = {
    "a name that is a path": (
        ("--name", "../x"),
        2,
        "task name '../x': names have 1 to 64 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit.\n"
        "'x' would do.\n",
    ),
    "no such template": (
        ("--template", "sentimet"),
        4,
        "templates: no template named 'sentimet'; the nearest is 'sentiment'.\n"
        "'crosspt templates list' shows all 7; a file of your own needs its suffix, .yaml.\n",
    ),
    "no such backbone": (
        ("--backbone", "nobody/nothing"),
        4,
        "backbone 'nobody/nothing': is not in the local cache and could not be downloaded.\n"
        "Check the id and the network, or pass --backbone with a local folder; 'mini' needs neither.\n",
    ),
    "no duration": (
        ("--max-time", "soon"),
        2,
        "--max-time: 'soon' is no duration; write for example 90s, 10m or 1h.\n"
        "'crosspt add-task --help' shows how it is used.\n",
    ),
    "no such label": (
        ("--label-map", "good=positive"),
        2,
        "--label-map: column 'y' of reviews.csv has no label 'good'.\nIts labels are 'neg' and 'pos'.\n",
    ),
    "no such flag": (
        ("--labels", "y"),
        2,
        "crosspt add-task: No such option '--labels'.",
    ),
    "no such budget": (
        ("--budget", "huge"),
        2,
        "--budget: 'huge' is not one of 'quick', 'normal', 'thorough'.\n"
        "'crosspt add-task --help' shows how it is used.\n",
    ),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_a_bad_option_gets_a_sentence_and_its_exit_code(add, home, reviews, monkeypatch, case):
    """Each is a slip of the hand, met offline."""
    words, code, message = BAD_OPTIONS[case]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(reviews.parent)
    done = add("reviews.csv", *QUICK, *words)
    assert done.code == code
    assert done.err.startswith(message)
    assert not (home / "tasks").exists()


def test_a_name_that_is_taken_is_told_before_any_work(call, fitted, reviews):
    """Nobody should wait for a search that ends in "exists already"."""
    before = (fitted / "tasks/reviews/task.yaml").read_bytes()
    done = call("add-task", reviews, *QUICK)
    assert (done.code, done.err) == (
        2,
        "registry: a task named 'reviews' exists already.\nUse --replace to replace it, or --name for another name.\n",
    )
    assert (fitted / "tasks/reviews/task.yaml").read_bytes() == before


def test_a_registry_that_cannot_be_written_is_told_before_any_work(call, reviews, tmp_path, monkeypatch):
    """Not after the search."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("CROSSPT_HOME", str(tmp_path / "file/home"))
    done = call("add-task", reviews, *QUICK)
    assert (done.code, done.err) == (
        1,
        f"{tmp_path}/file/home: cannot be written (Not a directory); nothing saved before was changed.\n"
        "Make the folder writable, or point CROSSPT_HOME at one that is.\n",
    )


@pytest.mark.parametrize("wait", [0.0, 0.7])
def test_ctrl_c_ends_with_one_sentence_and_nothing_saved(home, reviews, tiny_backbone, wait):
    """Pressed while loading or training, it must leave the registry as it was."""
    words = ("add-task", str(reviews), "--label-col", "y", "--backbone", str(tiny_backbone), "--budget", "thorough")
    command = [sys.executable, "-m", "crosspt_cli.cli.main", *words]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    while not (home / "locks/tasks/reviews.lock").exists() and child.poll() is None:
        time.sleep(0.02)
    time.sleep(wait)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err.strip()) == (130, "", "interrupted; nothing saved was changed.")
    assert list((home / "tasks").glob("*")) == []
