"""The benchmarks of the search run, compare what they say they compare, and count what they say they count."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))
TINY = {"trials": 2, "rows": 16, "classes": 3, "prompt_tokens": 4, "backbone": "small-test"}


def run_script(name: str, *arguments: str) -> str:
    """Return what a benchmark prints, from a process of its own."""
    command = [sys.executable, str(ROOT / "bench" / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_population_benchmark_compares_equal_work_from_end_to_end(tmp_path):
    """A ratio of two things that do not compute the same says nothing."""
    pytest.importorskip("peft")
    out = tmp_path / "population.json"
    printed = run_script(
        "population.py", "--device", "cpu", "--shape", "small-test", "--dtype", "fp32", "--trials", "4", "--steps", "3",
        "--peft-steps", "6", "--out", str(out),
    )  # fmt: skip
    result = json.loads(out.read_text())
    assert (result["trials"], result["trial_steps"], result["batch"]) == (4, 12, 8)
    assert max(result["differences_in_nats"].values()) < 1e-3
    assert set(result["variants"]) == {"peft, float32", "peft, bfloat16", "one after another", "together"}
    assert result["times_as_fast_together"]["together"] == 1
    ratios = result["times_as_fast_as_every_trial_to_its_end"]  # nothing is pruned here
    assert ratios == {name: result["times_as_fast_together"][name] for name in ("peft, float32", "peft, bfloat16")}
    for kind in ("peft, float32", "peft, bfloat16"):
        assert result["variants"][kind]["extrapolated"]
        assert f"extrapolated from {result['variants'][kind]['measured_steps']} steps" in printed
    assert result["machine"]["peft"]
    assert "--shape small-test" in result["command"]
    seconds = result["variants"]["together"]["train_seconds"]
    share = result["matrix"]["population_flops"] / seconds / result["matrix"]["flops_per_second"]
    assert result["matrix"]["share"] == pytest.approx(share, rel=0.05, abs=1e-4)


def test_the_plan_of_the_whole_search_has_the_trial_steps_of_the_normal_budget():
    """What is timed as the whole search must be one."""
    from studies import BUDGET, _plan

    from crosspt_cli.search.plan import budget_candidates, count_trial_steps, make_rungs

    every_candidate = budget_candidates(BUDGET, [f"source {number}" for number in range(8)])
    candidates = [each for each in every_candidate if not each.is_source]
    plan = _plan(argparse.Namespace(shape="mini", trials=None, steps=None), candidates, 64)
    rungs = make_rungs(BUDGET, 64, sum(candidate.lr_ratio > 0 for candidate in candidates))
    assert plan.trial_steps == count_trial_steps(rungs, every_candidate, BUDGET.folds) == 1116
    assert plan.unpruned == 36 * 90 / 1116
    assert sum(plan.of(trial).trial_steps for trial in range(plan.rungs[0][1])) == plan.trial_steps


@pytest.fixture
def data(tmp_path) -> Path:
    """Return a folder of targets with one in it, the shipped reviews, whose training rows are its test rows too."""
    reviews = pandas.read_csv(ROOT / "examples" / "reviews.csv").rename(columns={"y": "label"})
    target = tmp_path / "data" / "reviews"
    target.mkdir(parents=True)
    for name in ("train", "test"):
        reviews.to_csv(target / f"{name}.csv.gz", index=False)
    return target.parent


@pytest.mark.parametrize("backbone", ["mini", "mini-fast"])
def test_rows_are_read_as_the_search_reads_them(backbone):
    """Up to where the source prompts enter, which is another layer for either."""
    from dataclasses import replace

    from untrained import pool_of

    from crosspt_cli import Registry, read_csv
    from crosspt_cli.data import few_shots
    from crosspt_cli.onboarding.study_input import load_sources, study_task
    from crosspt_cli.reading.backbones import open_backbone
    from crosspt_cli.reading.prepare import prepare

    registry = Registry.open()
    opened = open_backbone(backbone, registry, "cpu", "fp32")
    sources = load_sources(registry, opened)
    sources = replace(sources, names=sources.names[:2], values=sources.values[:2])
    examples = few_shots(read_csv(ROOT / "examples" / "reviews.csv", "y"), 3, 0)
    prepared = prepare(examples, opened)
    task = study_task(examples, opened, prepared, sources, 0)
    pool = pool_of(examples.rows, prepared.spec, opened, sources)
    np.testing.assert_allclose(pool.nats, task.untouched.nats, atol=1e-4)


def test_small_studies_are_judged_on_rows_that_had_no_say(data, tmp_path):
    """Of noise nothing can be learnt: the best of three candidates seems better than it is, corrected it does not."""
    from untrained import Pool, studies

    random = np.random.default_rng(0)
    truth = np.arange(60) % 2
    sizes = ((3, 60, 2), (3, 60, 8), (60, 8))
    noise = [[random.normal(0, 1, size).astype(np.float32) for size in sizes] for _ in range(4)]
    lines = studies([Pool(("a", "b", "c"), *of_pool, truth) for of_pool in noise], 3)
    assert sorted(line["per_class"] for line in lines) == [4] * 12 + [8] * 12 + [16] * 12
    known, said, unmoved, corrected = (
        np.mean([line["balanced"]["crosspt"] if name == "truth" else line[name] for line in lines])
        for name in ("truth", "uncorrected", "all_rows", "corrected")
    )
    assert known == pytest.approx(0.5, abs=0.06)
    assert said - known > 0.1
    assert abs(unmoved - known) < (said - known) / 2
    assert unmoved < corrected < said  # what tasks usually reach has a small say, and noise is not usual
    assert np.mean([line["interval"][0] <= 0.5 for line in lines]) > 0.8

    out = tmp_path / "untrained.json"
    printed = run_script(
        "untrained.py", "--data", str(data), "--targets", "reviews", "--draws", "2", "--sources", "3", "--out", str(out)
    )
    assert len(json.loads(out.read_text())["studies"]) == 6
    assert "| all | corrected |" in printed


@pytest.mark.parametrize("gated", [False, True])
def test_operations_are_those_that_torch_counts(gated):
    """The share of a device's rate is only as right as the formula above the line."""
    from flops import forward_flops, training_flops
    from shapes import SHAPES, freeze, random_words
    from transformers import T5Config, T5ForConditionalGeneration

    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.tasks.label_tree import LabelTree

    config = SHAPES["small-test"].model().config.to_dict() | (
        {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False} if gated else {}
    )
    model = T5ForConditionalGeneration(T5Config(**config)).eval()
    backbone = freeze(model, "small", torch.device("cpu"), torch.float32)
    tree = backbone.t5.place(LabelTree.build(random_words(6, 512), 1))
    texts = encode_texts([[7] * 20] * 5, backbone.device)  # of one length: padding is not counted
    prompts = torch.randn(1, 10, backbone.width, requires_grad=True)
    with FlopCounterMode(display=False) as forward:
        nats = backbone.class_nats(prompts, torch.zeros(5, dtype=torch.int64), texts, tree)
    assert forward.get_total_flops() == 5 * sum(forward_flops(backbone.t5, 30, tree))
    with FlopCounterMode(display=False) as backward:
        nats.sum().backward()
    counted = forward.get_total_flops() + backward.get_total_flops()
    # the decoder's first self-attention reads frozen embeddings only, and needs no way back
    assert 0.95 < counted / training_flops(backbone.t5, [30] * 5, tree) <= 1


def test_the_slope_is_the_exponent():
    """Over sizes with uneven gaps, and where there is nothing to fit."""
    from scaling import slope

    sizes = [1, 3, 10, 256]
    assert slope(sizes, [5 * size**1.5 for size in sizes]) == pytest.approx(1.5)
    assert math.isnan(slope([4], [1.0]))


@pytest.mark.parametrize("part", ["step", "score"])
def test_a_point_of_the_scaling_benchmark_is_measured_in_its_process(part):
    """Peak memory only ever grows, so that two points in one process would share the larger one's."""
    arguments = ["--point", json.dumps(TINY), "--part", part, "--device", "cpu", "--repeats", "1"]
    record = json.loads(run_script("scaling.py", *arguments))
    assert record[f"{part}_seconds"] > 0
    assert record[f"{part}_mb"] > 50
    assert (record["device"], record["parameters"]) == ("cpu", 45_600)


def test_all_axes_go_into_one_table_and_one_picture(tmp_path, monkeypatch):
    """One axis at a time around the centre; a point on two axes is measured once."""
    pytest.importorskip("matplotlib")
    import scaling

    asked = []

    def measured(point: scaling.Point, part: str, chosen) -> dict:
        asked.append((point, part))
        size = float(point.trials * point.rows)
        return {f"{part}_seconds": size / 100, f"{part}_mb": 100.0, "parameters": 10 * len(point.backbone)}

    monkeypatch.setattr(scaling, "measure_apart", measured)
    records = scaling.run(scaling.AXES, scaling.CENTRE, argparse.Namespace())
    assert len(records) == sum(map(len, scaling.AXES.values()))
    assert len(asked) == len(set(asked))
    lines = scaling.table(records).splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == ["trials", "rows", "classes", "prompt tokens", "backbone"]
    assert lines[1].count("slope 1.00") == 2
    scaling.draw(records, tmp_path / "pictures" / "scaling.svg")
    drawn = (tmp_path / "pictures" / "scaling.svg").read_text()
    assert drawn.startswith("<?xml")
