"""`crosspt registry`: what is listed, shown, removed and checked."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

from cli_process import environment


def test_an_empty_registry_says_how_to_fill_it(call, home):
    """The first thing a newcomer types."""
    text = call("registry", "list").out
    backbones = text.partition("\n\nsources\n")[0].splitlines()
    assert [line.split()[:2] for line in backbones[1:]] == [["mini", "shipped"], ["mini-fast", "shipped"]]
    assert text.endswith("tasks\n  none yet; 'crosspt add-task FILE.csv --label-col COLUMN' makes one.\n")


def test_the_list_has_a_line_for_each_task(call, fitted, tiny_backbone):
    """Name, layer, digest, and what it is."""
    last = call("registry", "list").out.splitlines()[-2:]
    assert [line.split()[:2] for line in last] == [["pairs", "personal"], ["reviews", "personal"]]
    assert f"2 classes, on {tiny_backbone}, 20" in last[1]


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
    assert "  pairs    personal  damaged" in done.out and "this is not readable as YAML." in done.out


def test_a_manifest_from_the_future_is_refused(call, fitted):
    """Guessing at a newer format would give wrong answers."""
    path = fitted / "tasks/reviews/task.yaml"
    path.write_text(path.read_text().replace("format_version: 1", "format_version: 99"))
    done = call("predict", "--task", "reviews", "--text", "a")
    assert (done.code, done.err) == (
        5,
        f"{path}: was written by a newer crosspt (format 99; this one reads 1).\npip install -U crosspt\n",
    )


def test_show_prints_the_whole_manifest(call, fitted):
    """Everything that is known of a task, for people and for scripts."""
    text = call("registry", "show", "reviews").out
    assert text.startswith(f"task reviews (personal)\n{fitted}/tasks/reviews\n\ncrosspt_version: ")
    found = json.loads(call("registry", "show", "reviews", "--json").out)["tasks"][0]
    assert found["path"] == str(fitted / "tasks/reviews")
    assert found["manifest"]["document"]["columns"] == {"text": ["text"], "label": "y"}


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
    assert (done.code, done.err) == (0, "")
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
