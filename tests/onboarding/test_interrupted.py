"""Ctrl-C, SIGKILL and two at once: nothing that was saved is lost, nothing half-made is left."""

import time

import pytest
from onboarding_samples import end, kept, small_onboarding, start_child, wait_for, write_csv

from crosspt_cli.answering.predict import Predictor
from crosspt_cli.foundation.errors import StorageError
from crosspt_cli.onboarding.fitted import load_fitted
from crosspt_cli.registry import verify

LONG = 20_000
STAGES = ("reading", "loading", "ranking", "searching", "fitting", "saving")


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_leaves_the_registry_as_it_was(stage, full, home, reviews):
    """At any stage, of a new task and of one that replaces another."""

    def interrupt(now, *rest):
        if now == stage:
            raise KeyboardInterrupt

    before = kept(home)
    for settings in ({"name": "fresh"}, {"name": "reviews", "replace": True}):
        with pytest.raises(KeyboardInterrupt):
            small_onboarding(reviews, full, interrupt, **settings)
        assert kept(home) == before
    assert verify(full) == ()


@pytest.mark.parametrize("stage", ["searching", "saving"])
def test_a_killed_onboarding_leaves_the_old_task_whole(stage, full, home, tmp_path, onboarded, backbone):
    """SIGKILL of a real process: the old task answers as before, or the new one is whole."""
    path = write_csv(tmp_path / "new.csv", labels=("no", "yes"))
    child = start_child(path, home, LONG if stage == "searching" else 8, "reviews")
    wait_for(child, stage)
    end(child)
    assert [finding for finding in verify(full) if finding.bad] == []
    fitted = load_fitted("reviews", full)
    if stage == "searching":
        assert fitted.spec.verbalizer == onboarded.fitted.spec.verbalizer
        rows = [("Great value.",), ("It broke.",)]
        assert Predictor(fitted, backbone).predict(rows) == Predictor(onboarded.fitted, backbone).predict(rows)
    small_onboarding(path, full, name="reviews", replace=True)
    assert load_fitted("reviews", full).spec.verbalizer.classes == ("no", "yes")
    assert verify(full) == ()


def test_a_second_onboarding_of_the_same_name_is_told_who_has_it(bare, home, reviews):
    """At once, not after its own training; and the first goes on."""
    first = start_child(reviews, home, LONG, "reviews")
    try:
        wait_for(first, "searching")
        began = time.monotonic()
        with pytest.raises(StorageError) as caught:
            small_onboarding(reviews, bare)
        assert time.monotonic() - began < 5
        assert caught.value.problem.startswith(f"the task 'reviews' is in use by process {first.pid}, since ")
        assert caught.value.hint == "Wait until that process is done, or end it; or use another name."
        assert first.poll() is None
    finally:
        end(first)
    small_onboarding(reviews, bare)


def test_two_onboardings_at_once_are_both_saved(bare, home, reviews):
    """Under names of their own."""
    children = [start_child(reviews, home, 8, name) for name in ("one", "two")]
    for child in children:
        out, error = child.communicate(timeout=120)
        assert out.split()[-1:] == ["saved"], error
    assert [entry.name for entry in bare.tasks()] == ["one", "two"]
    assert verify(bare) == ()
