"""From a CSV to a task in the registry: what is saved is what was found, and nothing else is touched."""

import json
import shutil
import time
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from onboarding_samples import STEPS, TEXTS, digests, kept, short, small_onboarding, write_csv

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.errors import BudgetSpent, CrossptError, OptionError
from crosspt_cli.onboarding import work
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.onboarding.onboard import _exceeded
from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.onboarding.record import cut_short
from crosspt_cli.onboarding.work import task_name
from crosspt_cli.registry import Registry, read_arrays, verify
from crosspt_cli.report.report_data import make_report
from crosspt_cli.report.summary import choice_lines, onboarded_dict


def test_a_task_comes_back_from_disk_as_it_was(full, onboarded):
    """Every field: what is lost between the two is lost for good."""
    fitted, loaded = onboarded.fitted, load_fitted("reviews", full)
    for field in fields(fitted):
        before, after = getattr(fitted, field.name), getattr(loaded, field.name)
        if field.name == "shares":
            assert after == pytest.approx(before, abs=1e-6)
        elif field.name == "prototypes":
            for own, read in ((before.prompted, after.prompted), (before.plain, after.plain)):
                assert np.array_equal(own.directions, read.directions)
                assert np.array_equal(own.offsets, read.offsets)
        elif field.name == "own":
            assert list(before) == list(after) and all(np.array_equal(before[name], after[name]) for name in before)
        elif field.name == "labelled":
            assert np.array_equal(before.vectors, after.vectors) and np.array_equal(before.plain, after.plain)
            assert np.array_equal(before.labels, after.labels)
        elif field.name == "held_out":
            assert np.array_equal(before.confidence, after.confidence)
            assert np.array_equal(before.correct, after.correct)
            assert (after.luck, len(after.correct)) == (before.luck, len(TEXTS))
        elif field.name == "familiar":
            assert np.array_equal(before.means, after.means) and after.limit == before.limit
        elif field.name == "spec":
            assert after.metric == before.metric
            assert after.verbalizer == before.verbalizer
            assert after.template.segments == before.template.segments
        elif isinstance(before, np.ndarray):
            assert np.array_equal(before, after), field.name
            assert before.dtype == after.dtype == np.float32
        else:
            assert before == after, field.name
    assert verify(full) == ()


def test_what_is_returned_is_what_was_done(onboarded, full):
    """Scripts and the summary read it."""
    assert onboarded.task == "reviews"
    assert onboarded.path.name == "reviews"
    assert (onboarded.device, onboarded.dtype, onboarded.budget) == ("cpu", "float32", "quick")
    assert onboarded.fitted.rows == len(TEXTS)
    assert onboarded.fitted.steps <= STEPS
    assert sum(onboarded.fitted.shares.values()) == pytest.approx(1, abs=1e-5)
    assert list(onboarded.fitted.shares)[-1] == "private"
    assert onboarded.fitted.candidate == onboarded.study.chosen.candidate
    assert {rank.name for rank in onboarded.study.ranks} == {"mood", "kind"}
    known = {entry.name: entry.sha256 for entry in full.sources(backbone="tiny")}
    assert onboarded.fitted.source_digests == {name: known[name] for name in onboarded.fitted.candidate.sources}
    assert onboarded.peak_memory_mb > 10


def test_the_record_of_the_study_is_enough_to_score_it_again(full, onboarded):
    """Held-out predictions of every trial are kept per row."""
    stored = full.load_task("reviews")
    record = json.loads(stored.files["study.json"])
    assert record["reason"] == onboarded.study.reason
    assert len(record["trials"]) == len(onboarded.study.trials)
    assert record["candidates"][record["choice"]]["m"] == onboarded.fitted.candidate.m
    arrays = read_arrays(stored.path / "study.safetensors")
    for number, trial in enumerate(onboarded.study.trials):
        assert np.array_equal(arrays[f"{number}.rows"], trial.held_out)
        np.testing.assert_allclose(arrays[f"{number}.nats"], trial.nats)


def test_onboarding_changes_neither_backbone_nor_sources(full, reviews, home, monkeypatch):
    """In memory and on disk, every tensor and every file keeps its bits."""
    loaded: list[Backbone] = []
    before = kept(home)

    def opened(*arguments):
        loaded.append(open_backbone(*arguments))
        frozen.extend(tensor.clone() for tensor in loaded[0].t5.tensors())
        return loaded[0]

    frozen, open_backbone = [], work.open_backbone
    monkeypatch.setattr(work, "open_backbone", opened)
    values = work.load_sources(full, open_backbone("tiny", full, "cpu", "fp32")).values
    small_onboarding(reviews, full, name="other")
    assert all(map(torch.equal, frozen, loaded[0].t5.tensors()))
    assert torch.equal(values, work.load_sources(full, loaded[0]).values)
    after = kept(home)
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[1] for name in after.keys() - before.keys()} == {"other"}


def test_the_same_seed_onboards_the_same_task(full, reviews, onboarded):
    """To the last bit."""
    again = small_onboarding(reviews, full, replace=True).fitted
    assert np.array_equal(again.prompt, onboarded.fitted.prompt)
    assert again.candidate == onboarded.fitted.candidate
    assert again.readout == onboarded.fitted.readout
    assert again.shares == onboarded.fitted.shares


def test_a_backbone_without_sources_trains_a_private_prompt_alone(bare, reviews):
    """The first thing anyone does with a backbone of their own."""
    done = small_onboarding(reviews, bare)
    assert done.fitted.shares == {"private": 1.0}
    assert done.fitted.source_digests == {}
    assert done.fitted.prompt.shape == (20, 32)
    assert np.array_equal(done.fitted.prompt, done.fitted.own["private"])


def test_prompts_of_another_backbone_are_not_used(full, reviews, tmp_path, tiny_backbone):
    """Same width, other weights: numbers that fit by accident."""
    from safetensors.torch import load_file, save_file

    other = shutil.copytree(tiny_backbone, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["shared.weight"] = weights["shared.weight"] * 1.01
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    done = small_onboarding(reviews, full, backbone=str(other), name="elsewhere")
    assert done.fitted.shares == {"private": 1.0}
    assert done.study.ranks == ()


@pytest.mark.parametrize(
    ("settings", "candidates"),
    [
        ({"ms": (0,), "lr_ratios": (0.5,)}, [Candidate((), 0.5)]),
        ({"ms": (1,), "lr_ratios": (0.0,)}, [Candidate((), 1.0), Candidate(("?",), 0.0)]),
    ],
)
def test_the_search_tries_what_was_asked_for(full, reviews, settings, candidates):
    """With M = 0 always among it."""
    done = small_onboarding(reviews, full, name="asked", **settings)
    tried = [result.candidate for result in done.study.candidates]
    assert [(c.m, c.lr_ratio) for c in tried] == [(c.m, c.lr_ratio) for c in candidates]


@pytest.mark.parametrize("readout", ["label-words", "prototypes", "both"])
def test_a_forced_readout_is_the_one_that_is_saved(bare, reviews, readout):
    """--readout."""
    found = small_onboarding(reviews, bare, readout=readout).fitted.readout
    assert (found.words, found.weight > 0) == {
        "label-words": (True, False),
        "prototypes": (False, True),
        "both": (True, True),
    }[readout]


def test_a_plan_tells_what_would_be_done_and_does_nothing(full, reviews, home):
    """--dry-run: at most as many trial-steps; and what is told on the way adds up to one whole."""
    before, told = kept(home), []
    settings = {"backbone": "tiny", "budget": "quick", "device": "cpu", "dtype": "fp32"}
    plan = plan_onboarding(reviews, "label", registry=full, name="planned", **settings)
    assert kept(home) == before
    done = small_onboarding(reviews, full, lambda *step: told.append(step), name="planned")
    assert plan.trials == len(done.study.trials)
    assert len(plan.candidates) == len(done.study.candidates)
    assert 0 < sum(trial.steps for trial in done.study.trials) <= plan.steps
    whole = [step for _, step, *_ in told]
    assert whole == sorted(whole) and [stage for stage, *_ in told][-1] == "saving"
    assert all(step <= total for _, step, total, *_ in told)
    assert (plan.rows, plan.folds, plan.text_columns) == (len(TEXTS), 2, ("text",))
    assert plan.label_words == {"negative": "negative", "positive": "positive"}


def test_a_task_of_few_rows_has_more_folds_unless_their_number_is_given(full, tmp_path):
    """Quick makes three of larger tasks."""
    few = tmp_path / "few.csv"
    few.write_text("text,label\n" + "".join(f"the {n}th {label} day,{label}\n" for n in range(5) for label in "ab"))
    settings = {"backbone": "tiny", "budget": "quick", "device": "cpu", "dtype": "fp32", "registry": full}
    assert plan_onboarding(few, "label", **settings).folds == 4
    assert plan_onboarding(few, "label", folds=2, **settings).folds == 2


def test_a_name_that_is_taken_is_refused_before_anything_is_read(full, tmp_path, home):
    """Not after an hour of training."""
    before = kept(home)
    with pytest.raises(OptionError) as caught:
        small_onboarding(tmp_path / "reviews.csv", full)
    assert str(caught.value) == (
        "registry: a task named 'reviews' exists already.\nUse --replace to replace it, or --name for another name."
    )
    assert kept(home) == before


def test_replace_puts_the_new_task_in_the_old_ones_place(full, tmp_path):
    """And only then."""
    small_onboarding(write_csv(tmp_path / "reviews.csv", labels=("no", "yes", "maybe")), full, replace=True)
    assert load_fitted("reviews", full).spec.verbalizer.classes == ("maybe", "no", "yes")
    assert verify(full) == ()


def test_a_time_limit_that_is_over_at_once_saves_nothing(full, reviews, home):
    """There would be nothing to save."""
    before = kept(home)
    with pytest.raises(BudgetSpent) as caught:
        small_onboarding(reviews, full, name="late", max_seconds=1e-6)
    assert str(caught.value) == (
        "max_seconds: the time was up before the first training step.\n"
        "Allow more time; `plan_onboarding` says how long it may take."
    )
    assert kept(home) == before


def test_a_time_limit_ends_the_search_with_a_whole_task(bare, reviews, monkeypatch):
    """Thousands of steps were planned; the task is there in time and answers."""
    short(20_000, monkeypatch.setitem)
    began = time.monotonic()
    done = small_onboarding(reviews, bare, max_seconds=3)
    assert time.monotonic() - began < 10
    assert done.study.stopped_early
    assert 0 < done.fitted.steps < 20_000
    cut = onboarded_dict(done)["cut_short"]
    assert cut.startswith("To hold the time limit: the search ended early")
    assert ("cut short", cut) in choice_lines(done)
    assert make_report(done.task, bare).cut_short == cut


def test_what_a_time_limit_cut_short_is_said(onboarded):
    """All of it in one sentence, with the numbers."""
    study = onboarded.study
    assert cut_short(study, study.chosen.steps) == ""
    cut = replace(study, stopped_early=True, sources_left_out=True, curve_left_out=True)
    if study.chosen.steps:
        assert cut_short(cut, study.chosen.steps - 1) == (
            "To hold the time limit: the search ended early, what single sources are worth was not measured, no "
            f"learning curve was trained, the final fit has {study.chosen.steps - 1} of {study.chosen.steps} steps."
        )


@pytest.mark.parametrize(("limit", "seconds", "told"), [(None, 90, False), (20, 21.9, False), (20, 30.8, True)])
def test_a_limit_that_was_not_held_is_told(limit, seconds, told):
    """What has to be done takes as long as it takes; nobody should have to look at a clock."""
    notes = _exceeded(limit, seconds)
    assert bool(notes) == told
    assert not told or notes[0].startswith("It took 31 s, more than the limit of 20 s: ")


def test_a_time_limit_counts_from_when_the_command_was_given(bare, reviews):
    """Loading the libraries takes seconds of it."""
    with pytest.raises(BudgetSpent):
        small_onboarding(reviews, bare, max_seconds=60, started=time.monotonic() - 60)
    assert verify(bare) == ()


BAD_FILES = {
    "missing": None,
    "empty": "",
    "header only": "text,label\n",
    "no label column": "text,y\na,b\n",
    "one class": "text,label\na,x\nb,x\nc,x\n",
    "a class with one row": "text,label\na,x\nb,x\nc,y\n",
    "blank texts": "text,label\n,x\n,y\n,x\n,y\n",
    "binary": "\0\1\2\xff" * 50,
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_a_sentence_and_leaves_the_registry_as_it_was(content, full, home, tmp_path):
    """Whatever is wrong with it, it is found before the backbone is loaded."""
    before, path, stages = kept(home), tmp_path / "bad.csv", []
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    with pytest.raises(CrossptError) as caught:
        small_onboarding(path, full, lambda stage, *rest: stages.append(stage))
    assert caught.value.exit_code in (3, 4)
    assert "bad.csv" in str(caught.value)
    assert caught.value.hint
    assert stages == ["reading"]
    assert kept(home) == before


BAD_SETTINGS = {
    "folds: is 1, but must be at least 2.": {"folds": 1},
    "ms: has -1, but numbers of sources are 0 or more.": {"ms": (0, -1)},
    "lr_ratios: must lie between 0 and 10.\nPass for example (0, 0.1, 1).": {"lr_ratios": (0, 11.0)},
    "max_seconds: must be more than nothing.\nPass for example 600.": {"max_seconds": 0.0},
    "budget: is 'huge', but must be one of quick, normal, thorough.": {"budget": "huge"},
    "device: is 'tpu', but must be one of auto, cpu, cuda.": {"device": "tpu"},
    "dtype: is 'fp16', but must be one of auto, fp32, bf16.": {"dtype": "fp16"},
    "task name '../x': names have 1 to 64 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit.\n"
    "'x' would do.": {"name": "../x"},
}


@pytest.mark.parametrize(
    ("message", "settings"), BAD_SETTINGS.items(), ids=[next(iter(s)) for s in BAD_SETTINGS.values()]
)
def test_a_bad_setting_is_refused_by_its_name(message, settings, full, reviews, home):
    """The whole message, and the registry as it was."""
    before = kept(home)
    with pytest.raises(OptionError) as caught:
        small_onboarding(reviews, full, **{"name": "bad", **settings})
    assert str(caught.value) == message
    assert kept(home) == before


def test_the_task_is_named_after_the_file():
    """Or after the hub data set."""
    assert task_name("data/My Reviews.v2.csv", None) == "my-reviews"
    assert task_name("hf:org/set:small:train", None) == "org-set-small-train"
    assert task_name("x.csv", "mine") == "mine"


def test_of_several_files_the_first_names_the_task():
    """Later rows are added to what there is."""
    assert task_name(["data/My Reviews.csv", "more.csv"], None) == "my-reviews"


def test_a_damaged_source_prompt_stops_the_onboarding(full, reviews, home):
    """Rather than a task made of noise."""
    file = next(home.glob("sources/tiny/mood/prompt.safetensors"))
    file.write_bytes(file.read_bytes()[:-4] + b"\0\0\0\0")
    before = digests(home / "tasks")
    with pytest.raises(CrossptError) as caught:
        small_onboarding(reviews, full, name="other")
    assert caught.value.exit_code == 5
    assert caught.value.where == str(file)
    assert digests(home / "tasks") == before


def test_the_registry_opened_by_default_is_the_persons_own(home, bare_home, reviews):
    """CROSSPT_HOME moves it."""
    shutil.copytree(bare_home, home)
    small_onboarding(reviews, None)
    assert [entry.name for entry in Registry.open().tasks()] == ["reviews"]
    assert (home / "tasks" / "reviews").is_dir()


def test_rows_that_look_mislabelled_are_named_by_file_and_line(bare, tmp_path, monkeypatch):
    """What the study knows by number, the person finds by place."""
    from crosspt_cli.evidence import conclusions
    from crosspt_cli.evidence.outcome import Suspect

    first, second = write_csv(tmp_path / "first.csv", TEXTS[:16]), write_csv(tmp_path / "second.csv", TEXTS[16:])
    seen = []

    def find(shares, labels):
        seen.append((shares, labels))
        return (Suspect(17, 0, 1, 0.01, 0.98765),)

    monkeypatch.setattr(conclusions, "find_suspects", find)
    (suspect,) = small_onboarding([first, second], bare).suspects
    assert (suspect.file, suspect.line, suspect.given, suspect.likely) == (str(second), 3, "negative", "positive")
    assert (suspect.confidence, suspect.given_share) == (0.9877, 0.01)
    ((shares, labels),) = seen
    assert shares.shape == (24, 2) and np.allclose(shares.sum(1), 1)
    assert labels.tolist() == [1, 0] * 12
