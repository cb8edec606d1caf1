"""What a Tab offers: names of the registry, and columns of the file that stands on the line already."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from cli_process import environment

from crosspt_cli.cli.completion import header


@pytest.fixture
def offered(home):
    """Return what is offered for the last of some words, as bash asks for it; "file" where files are."""

    def offered(*words: object, **changes: str) -> list[str]:
        typed = ["crosspt", *map(str, words)]
        asked = {
            "_CROSSPT_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(word.replace(" ", "\\ ") for word in typed),
            "COMP_CWORD": str(len(typed) - 1),
        }
        command = [sys.executable, "-m", "crosspt_cli"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(**asked, **changes), timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        items = [line.partition(",") for line in done.stdout.splitlines()]
        return [value if kind == "plain" else kind for kind, _, value in items]

    return offered


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("re",), ["registry", "report"]),
        (("registry", "sh"), ["show"]),
        (("help", "registry", "li"), ["list"]),
        (("predict", "--task", ""), ["pairs", "reviews"]),
        (("suggest", "rows.csv", "--task", "r"), ["reviews"]),
        (("registry", "show", "mini/sn"), ["mini/snli"]),
        (("registry", "rm", ""), ["pairs", "reviews"]),
        (("templates", "show", "to"), ["topic"]),
        (("check", "rows.csv", "--template", "./own"), ["file"]),
        (("check", "rows.csv", "--backbone", "mini-"), ["mini-fast"]),
        (("predict", ""), ["file"]),
        (("add-task", "rows.csv", "--unlabelled", ""), ["file"]),
        (("add-task", "rows.csv", "--method", "mix"), ["mixture", "mixture-decomposed"]),
        (("methods", ""), ["list"]),
    ],
)
def test_names_are_completed(offered, fitted, words, found):
    """Tasks, sources, templates and backbones; files stay with the shell."""
    assert offered(*words) == found


@pytest.mark.parametrize("command", ["add-task", "check", "predict", "suggest", "templates check topic"])
def test_columns_are_those_of_the_file_typed_before(offered, tmp_path, command):
    """Before the option or behind another one; a name with a space comes ready for the shell."""
    file = tmp_path / "my tickets.csv"
    file.write_text("subject,body text,label\na,b,c\n")
    assert offered(*command.split(), file, "--text-col", "") == ["subject", "'body text'", "label"]
    assert offered(*command.split(), file, "--text-col", "subject", "--text-col", "b") == ["'body text'"]


def test_the_label_column_is_completed(offered, tmp_path):
    """With the same columns, by each of its names."""
    file = tmp_path / "f.jsonl"
    file.write_text('{"text": "a", "tag": "b"}\n')
    assert offered("add-task", file, "--target", "ta") == ["tag"]
    assert offered("add-task", "none.csv", file, "--label-col", "ta") == ["tag"]


def test_a_header_is_read_of_the_start_of_a_file_only(tmp_path, monkeypatch):
    """A Tab must not read gigabytes, nor take a cut character for another encoding."""
    monkeypatch.setattr("crosspt_cli.cli.completion.HEAD", 40)
    file = tmp_path / "f.csv"
    file.write_text("größe,y\n" + "ä,1\n" * 1000)
    assert header(str(file)) == ("größe", "y")


def test_what_cannot_be_read_offers_nothing(tmp_path):
    """No error between two keystrokes, and no pipe is read."""
    (tmp_path / "f.csv").write_bytes(b"\0")
    assert header(str(tmp_path / "f.csv")) == header(str(tmp_path)) == header("-") == header("/no/such.csv") == ()


def test_completion_is_fast_and_imports_nothing_heavy(offered, fitted, tmp_path):
    """A Tab that takes seconds is not pressed twice."""
    file = tmp_path / "f.csv"
    file.write_text("text,label\na,b\n")
    times = []
    for _ in range(8):
        start = time.monotonic()
        assert offered("add-task", file, "--label-col", "") == ["text", "label"]
        times.append(time.monotonic() - start)
        if min(times) < 0.4:
            break
    assert min(times) < 0.4
    code = "import sys\nfrom crosspt_cli.cli.main import crosspt\nfrom crosspt_cli.cli.completion import header\n"
    code += f"header({str(file)!r})\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=60)
    assert {"torch", "transformers", "sklearn", "rich", "numpy", "yaml"} & set(done.stdout.split()) == set()
