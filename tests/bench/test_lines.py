"""Results as lines: measured once, kept at once, and summed up as the tables say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))


@dataclass(frozen=True)
class Job:
    """A target and the folder in which measuring it leaves a mark."""

    target: str
    folder: Path

    @property
    def key(self) -> dict:
        return {"target": self.target}


def measured(job: Job) -> dict:
    """Leave a mark, and fail the second time."""
    (job.folder / job.target).touch(exist_ok=False)
    return {"letters": len(job.target)}


def test_what_is_there_is_not_measured_again(tmp_path):
    """A run of hours that was stopped loses one line at most."""
    from lines import measure_missing, read_lines

    out, marks = tmp_path / "results" / "lines.jsonl", tmp_path / "marks"
    marks.mkdir()
    first = measure_missing([Job("cr", marks)], measured, out, 1)
    both = measure_missing([Job("trec", marks), Job("cr", marks)], measured, out, 1)
    assert first == [{"target": "cr", "letters": 2}]
    assert both == [{"target": "trec", "letters": 4}, {"target": "cr", "letters": 2}]
    assert len(read_lines(out)) == 2


def test_each_run_says_which_machine_and_commit_its_lines_are_of(tmp_path):
    """A run that goes on after an upgrade appends to what the version before measured."""
    from lines import measure_missing

    out = tmp_path / "lines.jsonl"
    measure_missing([Job("cr", tmp_path)], measured, out, 1)
    measure_missing([Job("cr", tmp_path), Job("trec", tmp_path)], measured, out, 1)
    kept = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line.get("target", "machine") for line in kept] == ["machine", "cr", "machine", "trec"]
    assert all({"processor", "commit"} <= set(line["machine"]) for line in kept[::2])


def test_a_result_names_the_commit_it_is_of(tmp_path):
    """A figure can be measured again only if one knows of what it is; other results may have been rewritten before."""
    from machine import commit

    def git(*words: str) -> str:
        named = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        return subprocess.run(named, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    assert commit(tmp_path) == "none"
    git("init", "--quiet")
    for name in ("crosspt_cli/module.py", "bench/results/old.json", "docs/page.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    git("add", ".")
    git("commit", "--quiet", "--message", "All there is.")
    made = git("rev-parse", "--short", "HEAD")
    (tmp_path / "bench" / "results" / "old.json").write_text("after")
    (tmp_path / "docs" / "page.md").write_text("after")
    assert commit(tmp_path) == made
    (tmp_path / "crosspt_cli" / "module.py").write_text("after")
    assert commit(tmp_path) == f"{made}, changed"


def test_every_kept_result_stands_in_the_table_with_its_script_and_its_commit():
    """A result that nobody can make again, or of a state that nobody knows, is no evidence."""
    table = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    results = sorted(path.name for path in (ROOT / "bench" / "results").iterdir())
    rows = {
        name: re.findall(rf"^\| `{re.escape(name)}` \| `(\w+\.py)[^|]*\| ([0-9a-f]{{7}}) \|", table, re.M)
        for name in results
    }
    assert {name: len(found) for name, found in rows.items()} == dict.fromkeys(results, 1)
    assert all((ROOT / "bench" / script).is_file() for ((script, _),) in rows.values())


def onboarding(truth: float, corrected: float, low: float, high: float) -> dict:
    """What `honesty.py` reads of a line."""
    return {
        "per_class": 4, "uncorrected": 0.8, "se": 0.1, "corrected": corrected, "interval": [low, high],
        "balanced": {"crosspt": truth},
    }  # fmt: skip


def test_errors_and_coverage_are_those_of_the_lines():
    """By hand: one interval holds the truth and one does not."""
    from honesty import summary

    rows = summary([onboarding(0.7, 0.72, 0.6, 0.8), onboarding(0.9, 0.72, 0.6, 0.8)]).splitlines()[2:4]
    assert rows == [
        "| 4 per class | uncorrected | +0.0 ± 10.0 | 10.0 | 2 of 2 | 32.9 |",
        "| 4 per class | corrected | -8.0 ± 10.0 | 12.8 | 1 of 2 | 20.0 |",
    ]


def drawn(target: str, draw: int, crosspt: float, other: float = 0.5) -> dict:
    """What `make_accuracy.py` reads of a line."""
    return {"target": target, "per_class": 4, "draw": draw, "balanced": {"crosspt": crosspt, "encoder": other}}


def test_two_backbones_are_compared_on_the_draws_that_both_have(monkeypatch):
    """Another draw of rows is another task, and a target with more draws than another counts no more."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    from make_accuracy import paired

    ours = [drawn("cr", 0, 0.8), drawn("cr", 1, 0.6), drawn("cr", 2, 0.1), drawn("subj", 0, 0.9)]
    theirs = [drawn("cr", 1, 0.5), drawn("cr", 0, 0.6), drawn("subj", 0, 0.8), drawn("trec", 0, 0.2)]
    assert paired(ours, theirs, ("one", "other")).splitlines() == [
        "| | one | other | other less one |",
        "|---|---|---|---|",
        "| 4 per class, 3 draws | 80.0 | 67.5 | -13.3 ± 3.3 |",
    ]


def test_the_table_has_the_spread_over_draws_and_the_mean_over_targets():
    """A target with more draws than another counts no more, and one draw has no spread."""
    from accuracy import table

    lines = [drawn("cr", 0, 0.8), drawn("cr", 1, 0.6), drawn("subj", 0, 0.9)]
    assert table(lines, {"crosspt": "crosspt", "encoder": "logistic regression"}).splitlines() == [
        "| target, per class (draws) | crosspt | logistic regression |",
        "|---|---|---|",
        "| cr, 4 (2) | 70.0 ± 14.1 | 50.0 ± 0.0 |",
        "| subj, 4 (1) | 90.0 | 50.0 |",
        "| **mean of 2 targets, 4** | **80.0** | **50.0** |",
    ]


def test_the_page_about_accuracy_is_what_the_kept_results_say(monkeypatch):
    """Figures that were typed by hand would soon be those of an earlier state."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    from make_accuracy import page

    assert (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8") == page()


def test_a_kept_command_names_no_folder_of_the_machine(tmp_path):
    """It is read by others, who have their data elsewhere."""
    from machine import typed

    words = ["bench/population.py", "--data", str(tmp_path), "--steps", "3", f"--data={tmp_path}/"]
    command = "python bench/population.py --data DATA --steps 3 --data=DATA/"
    assert typed(words, tmp_path) == command
    assert typed(words[:1], None) == "python bench/population.py"
