"""What a person would try first is measured on the very same rows."""

import numpy as np
import pytest
from study_samples import folds_of, small_task

from crosspt_cli.evidence import baselines
from crosspt_cli.evidence.baselines import ENCODER, MOST_FREQUENT, TFIDF, baseline_scores


class Recorder:
    """A classifier that says 0 and remembers what it was shown."""

    def __init__(self, shown: list):
        self.shown = shown

    def fit(self, inputs, labels):
        self.classes_ = np.unique(labels)
        self.shown.append(("train", inputs, labels))
        return self

    def predict_proba(self, inputs):
        self.shown.append(("score", inputs, None))
        return np.eye(len(self.classes_))[np.zeros(len(inputs), int)]


@pytest.mark.parametrize("fitter", [MOST_FREQUENT, TFIDF, ENCODER])
def test_baselines_see_exactly_the_studys_folds(fitter, monkeypatch):
    """Trained on a fold's training rows, scored on its held-out rows, and shown nothing else."""
    task, shown = small_task(), []
    folds = folds_of(task)
    monkeypatch.setattr(baselines, "FITTERS", {fitter: lambda: Recorder(shown)})
    baseline_scores(task.plain, task.vectors, task.labels, folds)
    inputs = task.vectors if fitter == ENCODER else np.array(task.plain, dtype=object)
    assert [what for what, _, _ in shown] == ["train", "score"] * 3
    for fold, trained, scored in zip(folds, shown[::2], shown[1::2], strict=True):
        assert np.array_equal(trained[1], inputs[fold.train])
        assert np.array_equal(trained[2], task.labels[fold.train])
        assert np.array_equal(scored[1], inputs[fold.held_out])


def test_the_most_frequent_class_is_right_as_often_as_it_occurs():
    """Two thirds, fold by fold."""
    task = small_task()
    score = baseline_scores(task.plain, task.vectors, task.labels, folds_of(task))[MOST_FREQUENT]
    assert score.mean == pytest.approx(2 / 3)
    assert score.per_fold == pytest.approx([2 / 3] * 3)
    assert np.array_equal(score.correct, task.labels == 0)
    assert score.log_likelihood == pytest.approx((2 * np.log(2 / 3) + np.log(1 / 3)) / 3)
    assert score.se == pytest.approx(score.correct.std(ddof=1) / np.sqrt(18))


def test_a_class_that_shows_in_one_word_is_learned():
    """The baselines must be honest opponents."""
    task = small_task(rows=36)
    scores = baseline_scores(task.plain, task.vectors, task.labels, folds_of(task))
    assert scores[TFIDF].mean > 0.9
    assert set(scores) == {MOST_FREQUENT, TFIDF, ENCODER}
    assert all(len(score.per_fold) == 3 for score in scores.values())
