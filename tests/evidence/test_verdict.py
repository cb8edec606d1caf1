"""Simpler methods beside the chosen candidate: the same folds, the same rows, no look at a held-out label."""

import numpy as np
import pytest
import torch
from study_samples import (
    NAMES,
    RUNGS,
    bias_by,
    candidate_result,
    folds_of,
    found_of,
    small_task,
    some_candidates,
    trial_result,
)

from crosspt_cli.core.read import score_rows
from crosspt_cli.evidence import baselines, conclusions, verdict
from crosspt_cli.evidence.baselines import ENCODER, FITTERS, MOST_FREQUENT, TFIDF
from crosspt_cli.evidence.choice import pick
from crosspt_cli.evidence.corrected import corrected_score
from crosspt_cli.evidence.intervals import Estimate, points
from crosspt_cli.evidence.judge import READOUTS, Judged, correct_by_seed
from crosspt_cli.evidence.outcome import outcome_of, score_of
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.simpler import best_alone, simpler_methods
from crosspt_cli.evidence.trial import Candidate, Fold
from crosspt_cli.evidence.verdict import (
    ALONE,
    LABEL_WORDS,
    PROTOTYPES,
    SOURCE,
    SUBJECTS,
    make_verdict,
)
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search import study
from crosspt_cli.search.best_source import answers_of_best_source
from crosspt_cli.search.folds import stratified_folds
from crosspt_cli.search.plan import Rung
from crosspt_cli.search.study import run_study

ROWS = 40


def study_of(task, folds=None, seeds=1, readout="auto", candidates=None):
    return run_study(task, candidates or some_candidates(), folds or folds_of(task), seeds, RUNGS, READOUTS[readout])


def verdict_of(simpler, chosen, scores=None, luck=0.0):
    """Return the verdict on `chosen` [rows, seeds] beside methods of [rows, seeds or 1]."""
    return make_verdict(scores or {}, simpler, chosen, stratified_folds(np.arange(len(chosen)) % 2, 4, 0), luck)


def right(count: int, rows: int = ROWS) -> np.ndarray:
    """Return a method that gets the first `count` rows right, [rows, 1]."""
    return (np.arange(rows) < count).astype(float)[:, None]


def shuffled_within(fold: Fold, labels: np.ndarray) -> np.ndarray:
    """Return labels of which the held-out ones of a fold have changed places; how many there are of each stays."""
    other = labels.copy()
    other[fold.held_out] = np.roll(other[fold.held_out], 1)
    assert not np.array_equal(other, labels)
    return other


def test_every_method_has_the_folds_and_rows_of_the_candidates(monkeypatch):
    """A method with an easier split would look as good as the choice."""
    task = small_task(rows=24)
    folds, given = folds_of(task), []

    def spied(module, name):
        function = getattr(module, name)

        def spy(*arguments):
            given.extend(each for each in arguments if isinstance(each, tuple) and isinstance(each[0], Fold))
            return function(*arguments)

        monkeypatch.setattr(module, name, spy)

    spied(study, "answers_of_best_source")
    spied(verdict, "_score")
    found = study_of(task, folds)
    assert given
    assert all(each is folds for each in given)
    for trial in found.trials:
        assert np.array_equal(trial.held_out, folds[trial.fold].held_out)
    for comparison in found.verdict.methods.values():
        score = comparison.score
        assert len(score.correct) == len(task.labels)
        assert score.per_fold == pytest.approx([score.correct[fold.held_out].mean() for fold in folds])
        assert comparison.difference.value == pytest.approx(score.mean - found.chosen.score.mean)


def test_prototypes_and_the_best_source_are_computed_from_the_other_folds(monkeypatch):
    """Written out, fold by fold: class means, rank and bias come from the training rows."""
    from crosspt_cli.evidence.prototypes import prototypes

    task = small_task(rows=24)
    folds = folds_of(task)
    results, kept = one_result(task, folds, Candidate(NAMES[:2], 0.5), Readout(10.0))
    found = simpler_methods(found_of(task, folds, results, kept))
    for fold in folds:
        means = prototypes(task.vectors[fold.train], task.labels[fold.train], 2)
        wanted = means.similarity(task.vectors[fold.held_out]).argmax(1) == task.labels[fold.held_out]
        assert np.array_equal(found[PROTOTYPES][fold.held_out, 0], wanted)
        best = task.untouched.ranks(task.labels, fold.train)[0].name
        bias = bias_by(task, task.sources[[NAMES.index(best)]], fold)
        answers = (task.untouched.nats[NAMES.index(best)][fold.held_out] - bias).argmax(1)
        assert np.array_equal(found[SOURCE][fold.held_out, 0], answers == task.labels[fold.held_out])


def by_itself(methods):
    """Return the best source's comparison, which is called label words alone where that source was chosen."""
    return methods.get(SOURCE) or methods[LABEL_WORDS]


def test_the_best_source_is_the_same_whether_or_not_it_was_a_candidate():
    """Its answers are taken from the search where it was one."""
    task = small_task(rows=24)
    folds, mixed = folds_of(task), Candidate(NAMES[:2], 0.5)
    apart, among = (
        by_itself(study_of(task, folds, candidates=[mixed, *others]).verdict.methods).score.correct
        for others in ([], [Candidate(NAMES[:1], 0.0)])
    )
    assert np.array_equal(apart, among)


def one_result(task, folds, candidate, readout):
    """Return a study's only candidate with this readout, and its trials, which know nothing."""
    correct = np.zeros(len(task.labels))
    result = candidate_result(candidate, correct)
    trials = [trial_result(0, fold.held_out, np.zeros((len(fold.held_out), 2)), n) for n, fold in enumerate(folds)]
    return [type(result)(**(vars(result) | {"readout": readout}))], {0: trials}


@pytest.mark.parametrize("number", range(3))
def test_a_held_out_label_has_no_say_in_the_best_sources_answer(number):
    """Turned labels within a fold leave that fold's answers as they were; others may change."""
    task = small_task(rows=24)
    folds = folds_of(task)
    fold = folds[number]
    turned = type(task)(**(vars(task) | {"labels": shuffled_within(fold, task.labels)}))
    before, after = (answers_of_best_source(each, folds).classes(folds)[fold.held_out] for each in (task, turned))
    assert np.array_equal(before, after)


@pytest.mark.parametrize("name", FITTERS)
@pytest.mark.parametrize("number", range(3))
def test_a_held_out_label_has_no_say_in_a_baselines_answer(name, number, monkeypatch):
    """The same for what is fitted: its answers on a fold do not depend on that fold's labels."""
    task, answers = small_task(rows=24), []
    folds = folds_of(task)

    def recorded():
        model = FITTERS[name]()
        predict = model.predict_proba

        class Recorded:
            def fit(self, inputs, labels):
                self.classes_ = model.fit(inputs, labels).classes_
                return self

            def predict_proba(self, inputs):
                answers.append(predict(inputs))
                return answers[-1]

        return Recorded()

    monkeypatch.setattr(baselines, "FITTERS", {name: recorded})
    for labels in (task.labels, shuffled_within(folds[number], task.labels)):
        baselines.baseline_scores(task.plain, task.vectors, labels, folds)
    assert np.array_equal(answers[number], answers[3 + number])


def test_many_rows_are_answered_by_the_best_source_too(monkeypatch):
    """Sources are ranked on some rows; the comparison is on all of them."""
    from crosspt_cli.search import rank

    monkeypatch.setattr(rank, "MOST_ROWS", 12)
    task = small_task(rows=30)
    assert len(task.untouched.rows) == 12
    folds = folds_of(task)
    found = answers_of_best_source(task, folds).classes(folds)
    for fold in folds:
        best = task.untouched.ranks(task.labels, fold.train)[0].name
        prompt = torch.full((len(fold.held_out),), NAMES.index(best))
        rows = torch.as_tensor(fold.held_out)
        nats = score_rows(task.backbone, task.sources, prompt, task.texts, rows, task.tree, 10_000)
        wanted = (nats - bias_by(task, task.sources[[NAMES.index(best)]], fold)).argmax(1)
        assert np.array_equal(found[fold.held_out], wanted)


def test_a_study_names_every_method_that_the_choice_is_not():
    """With a choice that mixes everything, all seven, the simplest first."""
    task = small_task()
    found = study_of(task, readout="both", candidates=[Candidate(NAMES[:2], 0.5)])
    assert set(found.verdict.methods) == {MOST_FREQUENT, TFIDF, PROTOTYPES, ENCODER, SOURCE, LABEL_WORDS}
    names = list(study_of(task).verdict.methods)
    assert names == [name for name in SUBJECTS if name in names]


@pytest.mark.parametrize(
    ("candidate", "readout", "left_out"),
    [
        (Candidate((), 1.0), Readout(10.0), {ALONE}),
        (Candidate(NAMES[:2], 0.5), Readout(0.0), {LABEL_WORDS}),
        (Candidate(NAMES[:2], 0.5), Readout(10.0, words=False), {PROTOTYPES}),
        (Candidate(NAMES[:1], 0.0), Readout(0.0), {LABEL_WORDS, SOURCE}),
        (Candidate(NAMES[:1], 0.0), Readout(10.0), {SOURCE}),
    ],
)
def test_what_the_choice_is_already_is_not_compared_with_it(candidate, readout, left_out):
    """That it is as good as itself is no news, and nothing is listed twice under two names."""
    task = small_task()
    folds = folds_of(task)
    results, kept = one_result(task, folds, candidate, readout)
    if candidate.m:
        alone, trials = one_result(task, folds, Candidate((), 1.0), Readout(0.0))
        results, kept = results + alone, kept | {1: trials[0]}
    found = simpler_methods(found_of(task, folds, results, kept))
    assert {PROTOTYPES, SOURCE, LABEL_WORDS, ALONE} - set(found) == left_out


def test_without_sources_there_is_no_best_source():
    """A backbone of one's own works before any source was trained for it."""
    found = study_of(small_task(sources=0), candidates=[Candidate((), 1.0)])
    assert SOURCE not in found.verdict.methods


def test_parts_are_taken_at_the_steps_that_were_kept(monkeypatch):
    """The last steps trained are not always those that were chosen."""
    seen, scores = [], iter([-1.0, -0.5, -0.7])

    def judge_readouts(of_candidate, options, labels):
        utility = np.full(len(labels), next(scores))
        return (Judged(Readout(10.0), utility, np.zeros_like(utility)),)

    def spied(found):
        seen.append(found.kept)
        return simpler_methods(found)

    monkeypatch.setattr(study, "judge_readouts", judge_readouts)
    monkeypatch.setattr(conclusions, "simpler_methods", spied)
    task = small_task()
    found = run_study(task, [Candidate((), 1.0)], folds_of(task), 1, (Rung(2, 1), Rung(4, 1), Rung(6, 1)), ())
    assert {trial.steps for trial in found.trials} == {6}
    assert {trial.steps for trial in seen[0][0]} == {4} == {found.chosen.steps}
    wanted = correct_by_seed(seen[0][0], Readout(0.0), task.labels)
    assert np.array_equal(found.verdict.methods[LABEL_WORDS].score.correct, wanted.mean(1))


def test_a_private_prompt_has_its_own_score():
    """As it stands among the candidates, averaged over seeds."""
    found = study_of(small_task(seed=5), seeds=2, candidates=some_candidates()[::-1])  # one that chooses another
    alone = found.candidates[best_alone(found.candidates)]
    np.testing.assert_allclose(found.verdict.methods[ALONE].score.correct, alone.score.correct)


def test_the_best_private_prompt_is_the_one_compared_with():
    """Comparing with a bad learning rate would flatter the choice; a failed one is no candidate."""
    good, bad, failed = (np.full(4, value) for value in (0.5, 0.1, 9.0))
    results = [
        candidate_result(Candidate(NAMES[:1], 0.0), failed),
        candidate_result(Candidate((), 0.5), bad),
        candidate_result(Candidate((), 1.0), good, "pruned"),
        candidate_result(Candidate((), 2.0), failed, "failed"),
    ]
    assert best_alone(results) == 2
    assert best_alone(results[:1]) is None


def test_the_simplest_that_is_as_good_is_named():
    """Not the best of them: what is simpler and as good is what a person wants to know."""
    rows = 400
    methods = {ENCODER: right(361, rows), TFIDF: right(358, rows), MOST_FREQUENT: right(200, rows)}
    found = verdict_of(methods, right(360, rows))
    assert found.simpler == TFIDF
    assert {name: each.outcome for name, each in found.methods.items()} == {
        MOST_FREQUENT: "worse", TFIDF: "as good", ENCODER: "as good",
    }  # fmt: skip
    assert found.sentence == (
        "Logistic regression on TF-IDF is as good here (−0.5 points, 90 % interval −1.5 to +0.2)."
    )


def test_of_what_the_rows_cannot_tell_they_say_so():
    """Silence about a simpler method would read as if it were worse."""
    found = verdict_of({ENCODER: right(35), TFIDF: right(34), MOST_FREQUENT: right(20)}, right(36))
    assert found.simpler is None
    assert [each.outcome for each in found.methods.values()] == ["worse", "cannot tell", "cannot tell"]
    assert found.sentence == (
        "Whether something simpler is as good, these 40 rows cannot tell: logistic regression on TF-IDF is −5.0 "
        "points, 90 % interval −14.0 to +1.7."
    )


def test_what_the_rows_cannot_tell_is_said_before_a_method_that_is_as_good():
    """The simplest that is as good is no news of one that is simpler still."""
    found = verdict_of({SOURCE: right(36), TFIDF: right(17)}, right(18))
    assert found.simpler == SOURCE
    low, high = (points(end) for end in found.methods[TFIDF].difference.ends)
    assert found.sentence == (
        "The best untouched source prompt is as good here (+45.0 points, 90 % interval +32.8 to +57.8). Whether "
        f"logistic regression on TF-IDF is, these 40 rows cannot tell (−2.5 points, 90 % interval {low} to {high})."
    )


def test_where_each_is_worse_the_sentence_says_so():
    """Silence would leave the question open."""
    found = verdict_of({MOST_FREQUENT: right(20), ENCODER: right(28)}, right(40))
    assert (found.simpler, found.sentence) == (None, "No simpler method is as good here: each of 2 is worse.")


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.029, 0.1, "as good"),
        (-0.029, -0.001, "as good"),
        (-0.03, 0.0, "cannot tell"),
        (-0.2, 0.2, "cannot tell"),
        (-0.2, -0.001, "worse"),
    ],
)
def test_the_interval_that_is_printed_decides(low, high, outcome):
    """A person can check it by looking; the margin is three points."""
    assert outcome_of(Estimate((low + high) / 2, low, high)) == outcome


def width(found: Estimate) -> float:
    """How long its interval is."""
    return found.high - found.low


def test_the_difference_is_row_by_row():
    """Two methods that are right on the same rows differ by less than two that are not, however hard the rows are."""
    apart, same = verdict_of({ENCODER: right(20), TFIDF: 1 - right(20)}, right(20)).methods.values()
    assert (same.difference.value, apart.difference.value) == (0, 0)
    assert width(same.difference) < 0.14 < 0.4 < width(apart.difference)


def test_rows_on_which_nothing_differs_are_no_proof_that_nothing_does():
    """All differences 0 on 8 rows leave 25 points open; drawing rows again and again would say: equal."""
    eight, many = (verdict_of({ENCODER: right(n // 2, n)}, right(n // 2, n)).methods[ENCODER] for n in (8, 96))
    assert eight.outcome == "cannot tell"
    assert eight.difference.ends == pytest.approx((-0.2527, 0.2527), abs=1e-4)
    assert many.outcome == "as good"


def test_seeds_that_disagree_make_the_interval_wider():
    """A candidate that is right with one seed and wrong with the other is not half right for certain."""
    wavering = np.tile([1.0, 0.0], (ROWS, 1))
    found = verdict_of({ENCODER: right(20)}, wavering).methods[ENCODER].difference
    assert found.value == 0
    assert found.low < -0.5 < 0.5 < found.high
    paired = verdict_of({LABEL_WORDS: wavering}, wavering).methods[LABEL_WORDS]
    assert width(paired.difference) < 0.14


def test_a_row_counts_once_whatever_the_number_of_seeds():
    """Ten seeds on eight rows are no eighty rows."""
    one = verdict_of({ENCODER: right(28)}, right(36)).methods[ENCODER]
    ten = verdict_of({ENCODER: right(28)}, np.repeat(right(36), 10, 1)).methods[ENCODER]
    assert one.difference.ends == ten.difference.ends


def test_the_luck_of_the_choice_is_allowed_for():
    """The best of many seems better than each of its equals; so much worse they may be without being worse."""
    without, allowed = (verdict_of({ENCODER: right(33)}, right(40), luck=luck).methods[ENCODER] for luck in (0, 0.1))
    assert (without.outcome, allowed.outcome) == ("worse", "cannot tell")
    low, high = without.difference.ends
    assert allowed.difference.ends == (low, pytest.approx(high + 0.1))


STUDIES = 200


def paired_methods(random: np.random.Generator, rows: int, accuracy: float, chosen: float):
    """Return a method and a chosen candidate of these accuracies, [rows, 1]; most rows are easy or hard for both."""
    luck = random.random((rows, 1))
    own = np.where(random.random((rows, 1)) < 0.6, luck, random.random((rows, 1)))
    return (luck < accuracy).astype(float), (own < chosen).astype(float)


@pytest.mark.parametrize("per_class", [4, 8, 16])
@pytest.mark.parametrize("classes", [2, 6])
def test_a_method_ten_points_worse_is_as_good_in_at_most_one_study_of_ten(per_class, classes):
    """With 4 rows per class every recorded onboarding named one, and nine times always answering one class."""
    outcomes = []
    for number in range(STUDIES):
        method, chosen = paired_methods(stream(number, "worse"), per_class * classes, 0.7, 0.8)
        outcomes.append(verdict_of({ENCODER: method}, chosen).methods[ENCODER].outcome)
    assert outcomes.count("as good") <= STUDIES / 10


@pytest.mark.parametrize("per_class", [4, 8, 16])
@pytest.mark.parametrize("classes", [2, 6])
def test_most_methods_that_are_equally_good_are_not_called_worse(per_class, classes):
    """Nine of ten at least, for that is what the interval says."""
    outcomes = []
    for number in range(STUDIES):
        method, chosen = paired_methods(stream(number, "equal"), per_class * classes, 0.75, 0.75)
        outcomes.append(verdict_of({ENCODER: method}, chosen).methods[ENCODER].outcome)
    assert outcomes.count("worse") <= STUDIES / 10


@pytest.mark.parametrize("per_class", [4, 8, 16])
def test_nor_are_they_beside_the_best_of_ten(per_class):
    """The chosen candidate is the luckiest of ten that are as good as the method."""
    rows, outcomes, without = 2 * per_class, [], []
    tried = [Candidate(("a",) * (1 + number % 5), 0.1 * (1 + number // 5)) for number in range(10)]
    for number in range(STUDIES):
        random = stream(number, "best of ten")
        of_row = random.random(rows)
        luck = np.where(random.random((11, rows)) < 0.6, of_row, random.random((11, rows)))
        method, *others = (luck < 0.75).astype(float)
        judged = [[Judged(Readout(0.0), np.where(one > 0, -0.2, -1.2), one)] for one in others]
        _, choice = pick(np.stack([of_one[0].utility for of_one in judged]), tried)
        found = corrected_score(tried, judged, 2, 0.0, random)
        chosen = others[choice][:, None]
        for allowed, kept in ((max(0.0, chosen.mean() - found.out_of_bag), outcomes), (0.0, without)):
            kept.append(verdict_of({ENCODER: method[:, None]}, chosen, luck=allowed).methods[ENCODER].outcome)
    assert outcomes.count("worse") <= STUDIES / 10
    assert outcomes.count("worse") <= without.count("worse")


def test_nine_of_ten_intervals_hold_the_true_difference():
    """Two methods of known accuracy, many times."""
    held = []
    for number in range(STUDIES):
        method, chosen = paired_methods(stream(number, "pairs"), ROWS, 0.7, 0.8)
        found = verdict_of({ENCODER: method}, chosen).methods[ENCODER].difference
        held.append(found.low <= -0.1 <= found.high)
    assert 0.84 <= np.mean(held) <= 0.97


def test_baselines_keep_their_scores():
    """They were measured already, with their log-likelihoods."""
    score = score_of(right(30)[:, 0], (0.75,) * 4, -0.4)
    assert verdict_of({}, right(30), {ENCODER: score}).methods[ENCODER].score is score


def test_every_baseline_there_is_has_a_sentence():
    """One without would be left out of the table."""
    assert set(FITTERS) <= set(SUBJECTS)
