"""`crosspt registry`: what is listed, shown, removed and checked."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from datetime import datetime

import pytest
import yaml
from cli_process import environment

from crosspt_cli.report.listing import age

NONE_YET = "tasks\n  none yet; 'crosspt add-task FILE.csv --label-col COLUMN' makes one.\n\n"


def test_an_empty_registry_says_how_to_fill_it(call, home):
    """The first thing a newcomer types; forty prompts that they never asked for come to one line."""
    text = call("registry", "list").out
    folded = "sources\n  40 ship with crosspt: 20 for mini, 20 for mini-fast; --all lists them.\n\n"
    assert text.startswith(NONE_YET + folded)
    backbones = text.partition("\n\nbackbones\n")[2].splitlines()
    assert [line.split()[:2] for line in backbones] == [["mini", "shipped"], ["mini-fast", "shipped"]]


def test_all_lists_every_shipped_source(call, home):
    """What is folded must be found by who looks for it."""
    sources = call("registry", "list", "--all").out.partition("sources\n")[2].partition("\n\n")[0].splitlines()
    assert len(sources) == 40 and sources[0].split()[:2] == ["mini/amazon-polarity", "shipped"]


def test_the_list_begins_with_the_tasks_and_how_good_they_are(call, fitted, tiny_backbone):
    """Which of my tasks is it, how good, of how much, and how old."""
    header, pairs, reviews = call("registry", "list").out.splitlines()[:3]
    assert re.split("  +", header) == ["tasks", "corrected accuracy", "rows", "classes", "made", "backbone"]
    known = yaml.safe_load((fitted / "tasks/reviews/task.yaml").read_text())["accuracy"]
    low, high = (f"{100 * each:.0f}" for each in known["interval"])
    score = f"{100 * known['corrected']:.1f} % ({low}–{high})"
    assert re.split("  +", reviews.strip()) == ["reviews", score, "8", "2", "just now", str(tiny_backbone)]
    assert pairs.split()[0] == "pairs"


def test_a_task_of_an_earlier_version_is_listed_with_a_dash(call, fitted):
    """Tasks made before accuracies were kept stay usable."""
    path = fitted / "tasks/reviews/task.yaml"
    document = yaml.safe_load(path.read_text())
    del document["accuracy"]
    path.write_text(yaml.safe_dump(document))
    assert call("registry", "list").out.splitlines()[2].split()[:4] == ["reviews", "–", "8", "2"]
    assert json.loads(call("registry", "list", "--json").out)["tasks"][1]["accuracy"] is None
    assert call("predict", "--task", "reviews", "--text", "good").code == 0


@pytest.mark.parametrize(
    ("created", "said"),
    [
        ("2026-05-03T10:59:30Z", "just now"),
        ("2026-05-03T10:58:00Z", "2 minutes ago"),
        ("2026-05-03T09:59:00Z", "1 hour ago"),
        ("2026-05-01T10:00:00Z", "2 days ago"),
        ("2025-12-24T10:00:00Z", "2025-12-24"),
        ("2026-05-04T10:00:00Z", "2026-05-04"),
        ("last summer", "last summer"),
    ],
)
def test_an_age_is_told_as_people_say_it(created, said):
    """A clock that was wrong, or a date written by hand, is shown as it stands."""
    assert age(created, datetime.fromisoformat("2026-05-03T11:00:00Z")) == said


def test_the_list_as_json_has_three_kinds_with_name_layer_and_digest(call, fitted):
    """The shape that scripts read."""
    found = json.loads(call("registry", "list", "--json").out)
    assert list(found) == ["backbones", "sources", "tasks"]
    assert [entry["name"] for entry in found["tasks"]] == ["pairs", "reviews"]
    for entry in [*found["backbones"], *found["sources"], *found["tasks"]]:
        assert entry["layer"] in ("shipped", "personal") and len(entry["sha256"]) == 64
    assert all("version" in entry for entry in found["tasks"])


def test_a_damaged_task_is_listed_and_told(call, fitted):
    """One bad folder must not hide all others."""
    (fitted / "tasks/pairs/task.yaml").write_text("{")
    done = call("registry", "list")
    assert done.code == 0
    assert "  pairs  damaged: " in done.out and "this is not YAML: " in done.out
    assert "  reviews  " in done.out


def test_a_manifest_from_the_future_is_refused(call, fitted):
    """Guessing at a newer format would give wrong answers."""
    path = fitted / "tasks/reviews/task.yaml"
    path.write_text(path.read_text().replace("format_version: 1", "format_version: 99"))
    done = call("predict", "--task", "reviews", "--text", "a")
    assert (done.code, done.err) == (
        5,
        f"{path}: was written by a newer crosspt (format 99; this one reads 2).\npip install -U crosspt\n",
    )


def test_show_prints_what_add_task_printed(call, home, reviews, tiny_backbone):
    """The summary scrolled away; a training must not be repeated to read it again."""
    words = ("--label-col", "y", "--budget", "quick", "--folds", "2", "--lr-ratios", "1", "--device", "cpu")
    printed = call("add-task", reviews, "--backbone", tiny_backbone, "--dtype", "fp32", *words).out
    assert printed.startswith("reviews: 8 rows") and call("registry", "show", "reviews").out == printed
    assert call("registry", "show").out == printed
    assert call("registry", "show", "reviews", "--raw").out.startswith("task reviews (personal)\n")
    (home / "tasks/reviews/summary.txt").write_text("99 % right")
    assert call("registry", "show", "reviews").code == 5


def test_raw_prints_the_whole_manifest(call, fitted):
    """Everything that is known of a task, for people and for scripts."""
    text = call("registry", "show", "reviews", "--raw").out
    head = f"task reviews (personal)\n{fitted}/tasks/reviews\nsha256 "
    assert text.startswith(head) and "\n\ncrosspt_version: " in text
    found = json.loads(call("registry", "show", "reviews", "--json").out)["tasks"][0]
    assert found["path"] == str(fitted / "tasks/reviews")
    assert found["manifest"]["document"]["columns"] == {"text": ["text"], "label": "y"}


def test_a_task_without_a_summary_shows_its_manifest_and_says_why(call, fitted):
    """Those made from Python, or by an earlier version."""
    text = call("registry", "show", "reviews").out
    assert "No summary is kept with it: it was made from Python, or by an earlier version." in text
    assert "\n\ncrosspt_version: " in text


@pytest.mark.parametrize("words", [("predict", "--text", "good"), ("report", "-o", "-"), ("registry", "show")])
def test_the_only_task_need_not_be_named(call, fitted, words):
    """With one task there is nothing to choose; with several, or none, the error says what there is."""
    several = call(*words)
    assert several.code == 2
    assert several.err.endswith(" is missing, and there are 2 tasks: pairs, reviews.\nName one of them.\n")
    shutil.rmtree(fitted / "tasks/pairs")
    assert call(*words).code == 0
    shutil.rmtree(fitted / "tasks/reviews")
    assert (call(*words).code, call(*words).err) == (
        4,
        "registry: there is no task yet.\n'crosspt add-task FILE.csv --label-col COLUMN' makes one.\n",
    )


def test_an_unknown_name_is_told_with_the_nearest(call, fitted):
    """Exit code 4, and what there is."""
    done = call("registry", "show", "revews")
    assert done.code == 4
    assert done.err.startswith("registry: no entry named 'revews'; the nearest is 'reviews'.\n")


def test_nothing_is_removed_without_a_yes(call, fitted):
    """In a script nobody can be asked, and a removal cannot be taken back."""
    done = call("registry", "rm", "reviews")
    assert (done.code, done.err) == (
        2,
        "crosspt registry rm: removing task reviews needs a yes, and there is no terminal to ask.\nPass -y.\n",
    )
    assert (fitted / "tasks/reviews").is_dir()
    done = call("registry", "rm", "reviews", "-y")
    assert (done.code, done.out) == (0, f"removed task reviews ({fitted}/tasks/reviews)\n")
    assert not (fitted / "tasks/reviews").exists()


def test_a_terminal_is_asked_before_removing(fitted):
    """And a no is a no."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "crosspt_cli.cli.main", "registry", "rm", "reviews"]
    child = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    os.write(ours, b"n\n")
    out, err = child.communicate(timeout=60)
    os.close(ours), os.close(theirs)
    assert (child.returncode, out) == (0, "")
    assert err.endswith("task reviews was kept.\n")
    assert (fitted / "tasks/reviews").is_dir()


def test_what_is_shipped_cannot_be_removed(call, home):
    """It would come back with the next install, or break this one."""
    done = call("registry", "rm", "mini", "-y", "--json")
    assert done.code == 2
    assert json.loads(done.out)["error"]["problem"] == "the backbone 'mini' ships with crosspt and cannot be removed."


def test_verify_reads_every_byte_and_exits_with_5_when_something_is_damaged(call, fitted):
    """For cron: silence is not enough, the exit code must tell."""
    assert call("registry", "verify", "reviews").out == "1 entry read, every byte: nothing is damaged.\n"
    path = fitted / "tasks/reviews/task.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    done = call("registry", "verify", "reviews")
    assert done.code == 5
    assert done.out.startswith(f"{path}: its sha256 is ")
    assert done.out.endswith("1 entry read, every byte: 1 thing is damaged.\n")
    found = json.loads(call("registry", "verify", "reviews", "--json").out)
    assert (found["ok"], found["entries"], len(found["findings"])) == (False, 1, 1)


def test_path_prints_the_personal_folder_alone(call, home):
    """It is used as $(crosspt registry path)."""
    assert call("registry", "path").out == f"{home}\n"


def test_pretrain_trains_a_bank_and_shows_a_score_for_each_source(call, home, tiny_backbone, tmp_path):
    """The sources are in the registry afterwards, and add-task finds them."""
    rows = "text,label\n" + "good one,pos\nbad one,neg\ngood two,pos\nbad two,neg\n"
    (tmp_path / "a.csv").write_text(rows)
    (tmp_path / "b.csv").write_text(rows.replace("one", "other"))
    sources = "".join(
        f"- {{name: {name}, task: sentiment, train: {name}.csv, held-out: {name}.csv, licence: CC0-1.0}}\n"
        for name in "ab"
    )
    bank = tmp_path / "bank.yaml"
    bank.write_text(f"backbone: {tiny_backbone}\nsteps: 2\nprompt-tokens: 3\nbatch: 2\nsources:\n{sources}")
    done = call("registry", "pretrain", bank, "--data", tmp_path, "--device", "cpu", "--dtype", "fp32")
    assert done.code == 0
    assert [line.split(" answers ")[0] for line in done.err.splitlines()] in (
        [f"Source prompt '{name}'" for name in names] for names in ("", "a", "b", "ab")
    )  # two steps teach nothing; which of the two are no better than a constant answer is rounding
    title, _, header, *table = done.out.splitlines()
    assert title.startswith("2 source prompts for ")
    assert header.split() == ["source", "task", "accuracy", "most", "frequent", "rows", "own", "share"]
    assert [line.split()[:2] for line in table] == [["a", "sentiment"], ["b", "sentiment"]]
    sources = json.loads(call("registry", "list", "--json").out)["sources"]
    assert [source["name"] for source in sources if source["layer"] == "personal"] == ["a", "b"]
    again = ("--data", tmp_path, "--prompt-layer", "1", "--replace", "--device", "cpu", "--dtype", "fp32")
    assert call("registry", "pretrain", bank, *again).code == 0
    assert "prompt_layer: 1" in (next(home.glob("sources/*/a/manifest.yaml"))).read_text()


def test_a_bank_file_that_is_not_there_is_exit_code_4(call, home):
    """Like any other missing file."""
    done = call("registry", "pretrain", "/no/bank.yaml")
    assert (done.code, done.err.splitlines()[0]) == (4, "/no/bank.yaml: there is no such file.")
