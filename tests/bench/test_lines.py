"""Results as lines: measured once, kept at once, and summed up as the tables say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

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


def test_older_lines_are_of_onboardings_without_a_pool(tmp_path):
    """Hours of kept results must neither be measured again nor be taken for what they are not."""
    from lines import is_of
    from onboardings import Onboarding

    without, within = (Onboarding(tmp_path, "cr", "subj", 4, 0, "quick", "mini", 400, pool) for pool in (0, 1000))
    line = {"target": "cr", "per_class": 4, "draw": 0, "budget": "quick", "backbone": "mini", "rows": 8}
    assert is_of(line, without)
    assert not is_of(line, within)
    assert is_of(line | {"pool": 1000}, within)
    assert not is_of(line | {"pool": 1000}, without)


def test_rows_without_labels_are_other_training_rows_in_their_own_proportions(tmp_path):
    """A labelled row among them would be known already, and even classes would be a favour that nobody gets."""
    import gzip

    from rows import draw_pool, draw_rows, write_rows

    rows = [f"a sentence about the number {n} of many,{'usual' if n % 10 else 'rare'}" for n in range(100)]
    for name in ("train", "test"):
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress("\n".join(["text,label", *rows]).encode()))
    shots, _ = draw_rows(tmp_path, 4, 0, 10)
    pool, smaller = (draw_pool(tmp_path, shots, 0, most) for most in (80, 40))
    known = {row.fields for row in shots.rows}
    assert (len(known), len(pool)) == (8, 80)
    assert not known & {row.fields for row in pool.rows}
    assert set(smaller.rows) < set(pool.rows)
    assert sum(row.label == "rare" for row in pool.rows) <= 6
    assert len(draw_pool(tmp_path, shots, 0, 1000)) == 92
    write_rows(tmp_path / "pool.csv", smaller, labels=False)
    assert (tmp_path / "pool.csv").read_text().splitlines()[:2] == ["text", smaller.rows[0].fields[0]]


def with_pool(target: str, without: float, within: float, mass: float, low: float, high: float) -> dict:
    """What tables of rows without labels read of a line."""
    balanced = {"without": without, "with": within}
    own = {"rows": 900, "mass": mass, "worth": [(low + high) / 2, low, high], "balanced": balanced}
    return {"target": target, "per_class": 4, "pool": 1000, "unlabelled": own}


def test_gains_of_rows_without_labels_are_paired_and_told_apart_from_what_was_kept():
    """By hand: where the rows were left out, nothing was gained and nothing lost."""
    from accuracy import pool_table
    from honesty import worth_summary

    lines = [with_pool("cr", 0.7, 0.8, 1.0, 0.0, 0.2), with_pool("cr", 0.8, 0.74, 0.0, -0.04, 0.04)]
    row = "900 | 75.0 | 77.0 | +2.0 ± 8.0 | 1 of 2 | +5.0 ± 5.0 |"
    assert pool_table(lines).splitlines()[2:] == [f"| cr, 4 | {row}", f"| **all, 4** | {row[4:]}".replace("| |", "| |")]
    assert worth_summary(lines).splitlines()[2:] == [
        f"| {title} | +2.0 ± 8.0 | +3.0 ± 3.0 | 4.2 | 1 of 2 | 14.0 |" for title in ("4 per class", "all")
    ]


def report_lines() -> list[dict]:
    """A handful of lines as `report_sets.py` keeps them, of one set and two draws."""
    lines = []
    for draw, gain in enumerate((0.0, 0.02)):
        key = {"target": "clickbait", "per_class": 16, "draw": draw}
        balanced = {"crosspt": 0.84, "encoder": 0.7, "TF-IDF": 0.6, "chance": 0.5}
        lines += [
            key | {"pool": 1000, "balanced": balanced, "unlabelled": {"balanced": {"without": 0.8 + gain}}},
            key | {"way": "plain prompt", "balanced": 0.75},
            key | {"way": "all-MiniLM-L6-v2", "balanced": 0.78, "encoder": {"balanced": 0.72}},
        ]
    return [*lines, {"target": "clickbait", "per_class": 4, "draw": 0, "way": "plain prompt", "balanced": 0.65}]


def test_the_report_sets_table_has_a_column_for_each_way_that_was_measured():
    """What could not be measured has no column, and what was not measured at a size is a dash."""
    from report_sets import tables

    table, _, less, *_ = tables(report_lines()).split("\n\n")
    assert table.splitlines() == [
        "| target, per class (draws) | crosspt | crosspt and 1,000 rows without labels | SetFit on all-MiniLM-L6-v2"
        " | all-MiniLM-L6-v2 + logistic regression | encoder + logistic regression | TF-IDF + logistic regression"
        " | plain prompt tuning |",
        "|---|---|---|---|---|---|---|---|",
        "| clickbait, 4 (1) | – | – | – | – | – | – | 65.0 |",
        "| **mean of 1 targets, 4** | – | – | – | – | – | – | **65.0** |",
        "| clickbait, 16 (2) | 81.0 ± 1.4 | 84.0 ± 0.0 | 78.0 ± 0.0 | 72.0 ± 0.0 | 70.0 ± 0.0 | 60.0 ± 0.0"
        " | 75.0 ± 0.0 |",
        "| **mean of 1 targets, 16** | **81.0** | **84.0** | **78.0** | **72.0** | **70.0** | **60.0** | **75.0** |",
    ]  # fmt: skip
    assert less.splitlines()[-1] == (
        "| 16 per class, 2 draws | -3.0 ± 1.0 | +3.0 ± 1.0 | +9.0 ± 1.0 | +11.0 ± 1.0 | +21.0 ± 1.0 | +6.0 ± 1.0 |"
    )


def test_the_page_begins_with_the_report_sets_once_they_were_measured(tmp_path, monkeypatch):
    """Figures of sets that choices were made on must not be the first that a reader sees."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    import make_accuracy

    assert make_accuracy.report_section(tmp_path / "report.jsonl") == ""
    lines = [{"machine": {"commit": "abc1234"}}, *report_lines()]
    for path in make_accuracy.RESULTS.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "report.jsonl").write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setattr(make_accuracy, "RESULTS", tmp_path)
    page = make_accuracy.page()
    assert page.index("## Report sets") < page.index("## Development sets") < page.index("## Balanced accuracy")
    assert "at commit abc1234" in page
    assert "have not been" not in page


def test_every_report_set_is_measured_with_a_pool_and_setfit_where_it_does_not_take_hours(tmp_path):
    """A cell that was forgotten would be noticed when the table is printed, hours later."""
    from report_sets import jobs_of

    keys = [job.key for job in jobs_of(tmp_path, "python", {"all-MiniLM-L6-v2": "folder"}, 3, 400, (0.2, 60))]
    assert len(keys) == len({json.dumps(key) for key in keys}) == 6 * 3 * 3 * 3
    assert sum(key.get("pool") == 1000 for key in keys) == 54
    jobs = jobs_of(tmp_path, "python", {"all-MiniLM-L6-v2": "folder", "all-mpnet-base-v2": "other"}, 3, 400)
    tuned = [(job.way, job.key) for job in jobs if "way" in job.key and job.job.tuned]
    assert {key["per_class"] for _, key in tuned} == {16}
    assert {key["target"] for _, key in tuned} == {"airline_tweets", "bug_reports", "clickbait", "politeness"}
    assert [way for way, _ in tuned].count("all-MiniLM-L6-v2") == 12
    assert [way for way, _ in tuned].count("all-mpnet-base-v2") == 4


def test_the_fixed_rate_and_steps_are_the_best_of_the_grid():
    """What `report_sets.py` is told is copied from this line."""
    from plain_prompt import grid

    lines = [
        {"rate": rate, "steps": steps, "balanced": rate + steps / 1000} for rate in (0.1, 0.4) for steps in (60, 120)
    ]
    assert grid(lines).splitlines()[2:] == [
        "| 0.1 | 16.0 | 22.0 |",
        "| 0.4 | 46.0 | 52.0 |",
        "",
        "The best: --plain-prompt 0.4@120",
    ]


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


def test_rows_of_each_class_are_as_many_and_the_same_every_time():
    """What is timed at two commits must be the same rows."""
    from edges import of_each_class

    rows = [(f"text {number}", "abc"[number % 3]) for number in range(30)] + [("rare", "d")]
    chosen = of_each_class(rows, 4, 2)
    assert chosen == of_each_class(rows, 4, 2)
    assert [label for _, label in chosen] == ["a"] * 4 + ["b"] * 4
    assert {label for _, label in of_each_class(rows, 4)} == set("abc")


def test_what_a_process_takes_is_measured_from_outside(tmp_path):
    """Memory is that of the process alone, and one that failed has no time."""
    from edges import Spent

    spent = Spent.by([sys.executable, "-c", "held = bytearray(200_000_000)"], tmp_path)
    assert spent.seconds > 0
    assert 150 < spent.memory_mb < 400
    with pytest.raises(subprocess.CalledProcessError) as caught:
        Spent.by([sys.executable, "-c", "raise SystemExit('no')"], tmp_path)
    assert caught.value.stderr == "no\n"


@pytest.mark.parametrize("script", sorted((ROOT / "bench").glob("*.py")), ids=lambda path: path.stem)
def test_every_script_can_be_started(script):
    """A name that is gone is noticed now, and not by whoever measures next year."""
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_figures_of_the_readme_are_those_of_the_kept_results():
    """They are copied by hand, and a benchmark that is run again changes the page about accuracy alone."""
    from accuracy import mean_over_targets
    from lines import read_lines
    from report_sets import PLAIN, merged

    kept = merged(read_lines(ROOT / "bench" / "results" / "report.jsonl"))
    columns = ("crosspt", "crosspt, pool", "encoder", "TF-IDF", PLAIN)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## How good it is")[1].split("## Limits")[0]
    rows = re.findall(r"^\| (4|16) \| (.+) \|$", section, re.MULTILINE)
    assert [size for size, _ in rows] == ["4", "16"]
    for size, cells in rows:
        own = [line for line in kept if line["per_class"] == int(size)]
        means = [mean_over_targets([each for each in own if column in each["balanced"]], column) for column in columns]
        assert cells.replace("*", "").split(" | ") == [f"{mean:.1f}" for mean in means]
