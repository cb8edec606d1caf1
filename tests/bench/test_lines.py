"""Results as lines: measured once, kept at once, and summed up as the tables say."""

from __future__ import annotations

import json
import math
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
    assert "processor" in json.loads(out.read_text().splitlines()[0])["machine"]


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


def forecast(before: int, after: int, gained: float) -> dict:
    """What `suggest.py` keeps of a forecast."""
    return {
        "before": before, "after": after, "rows": 8 + before, "wrong": 0.4, "rate": -0.11, "error": 0.05,
        "gained": gained, "wrong_before": 0.4,
    }  # fmt: skip


def test_forecasts_are_held_against_what_came():
    """Twice the rows and four times: the first gained what was forecast, the second far more."""
    import numpy as np
    from suggest import forecast_table

    found = [forecast(0, 8, 0.4 * (1 - np.exp(-0.11))), forecast(0, 24, 0.35)]
    rows = forecast_table([{"target": "cr", "forecasts": found}]).splitlines()
    assert rows[2] == "| start + 0 | 8 | 1 | +4.2 | +4.2 | 0.0 | 1 of 1 (100%) |"
    assert rows[3] == "| start + 0 | 24 | 1 | +35.0 | +7.9 | 27.1 | 0 of 1 (0%) |"
    assert rows[4].startswith("| all |  | 2 | +19.6 | +6.0 |")


def test_a_targets_rate_is_the_slope_of_log_error_over_doublings():
    """From 40 % wrong to 32 % and then 25.6 %: a fifth fewer each time the rows are doubled."""
    from suggest import own_rate

    found = [forecast(0, 8, 0.08), forecast(0, 24, 0.144)]
    assert own_rate(found) == pytest.approx(-0.2231, abs=1e-4)


def test_a_forecast_is_held_against_the_onboarding_with_more_rows():
    """From 4 rows per class to 16; a draw without the second has nothing to be held against."""
    from growth import forecasts

    def line(size: int, draw: int, reached: float) -> dict:
        return {
            "target": "cr", "per_class": size, "draw": draw, "rows": 2 * size, "corrected": 0.6,
            "balanced": {"crosspt": reached},
        }  # fmt: skip

    ((gain, low, high, came),) = forecasts([line(4, 0, 0.6), line(16, 0, 0.7), line(4, 1, 0.5)])
    assert gain == pytest.approx(0.4 * (1 - math.exp(2 * -0.11)))
    assert low < gain < high
    assert came == pytest.approx(0.1)


def test_two_methods_are_compared_on_the_draws_that_both_have(monkeypatch):
    """Another draw of rows is another task, and a target with more draws than another counts no more."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    from make_accuracy import paired

    def line(target: str, draw: int, value: float) -> dict:
        return {"target": target, "per_class": 4, "draw": draw, "value": value}

    ours = [line("cr", 0, 0.8), line("cr", 1, 0.6), line("cr", 2, 0.1), line("subj", 0, 0.9)]
    theirs = [line("cr", 1, 0.5), line("cr", 0, 0.6), line("subj", 0, 0.8), line("trec", 0, 0.2)]
    columns = {"ours": lambda mine, _: mine["value"], "theirs": lambda _, other: other["value"]}
    assert paired(ours, theirs, columns).splitlines()[2:] == [
        "| cr, 4 (2) | 70.0 | 55.0 |",
        "| subj, 4 (1) | 90.0 | 80.0 |",
        "| **mean of 2 targets, 4** | **80.0** | **67.5** |",
        "| first less second, over 3 draws, 4 | +13.3 ± 3.3 | |",
    ]


def test_backbones_are_held_against_the_first_on_the_same_rows():
    """What a draw does to both is no difference; its standard error is that of the pairs."""
    from backbones import COLUMNS, differences

    def line(backbone: str, draw: int, value: float) -> dict:
        return {
            "backbone": backbone, "target": "cr", "per_class": 4, "draw": draw,
            "balanced": dict.fromkeys(COLUMNS, value),
        }  # fmt: skip

    values = {"one": (0.5, 0.9, 0.7), "other": (0.4, 0.8, 0.7)}
    lines = [line(name, draw, value) for name, each in values.items() for draw, value in enumerate(each)]
    cells = " | ".join(["-6.7 ± 3.3"] * len(COLUMNS))
    assert differences(lines).splitlines()[2:] == [f"| other, 4 per class | {cells} |"]


def test_a_kept_command_names_no_folder_of_the_machine(tmp_path):
    """It is read by others, who have their data elsewhere."""
    from machine import typed

    words = ["bench/population.py", "--data", str(tmp_path), "--steps", "3", f"--data={tmp_path}/"]
    command = "python bench/population.py --data DATA --steps 3 --data=DATA/"
    assert typed(words, tmp_path) == command
    assert typed(words[:1], None) == "python bench/population.py"
