"""A promised accuracy is kept nine times of ten, and where rows cannot bear it none is made."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import beta

from crosspt_cli.evidence.outcome import HeldOutAnswers
from crosspt_cli.evidence.promise import LEVEL, chance, fewest_rows, find_promise, rows_needed, sizes_to_test
from crosspt_cli.foundation.errors import OptionError

TASKS = 300
normal = NormalDist()


def answers(correct, confidence=None, luck: float = 0.0) -> HeldOutAnswers:
    """Return held-out answers, surest first unless told otherwise."""
    correct = np.asarray(correct, np.float32)
    confidence = np.linspace(0.99, 0.5, len(correct)) if confidence is None else confidence
    return HeldOutAnswers(np.asarray(confidence, np.float32), correct, luck)


def drawn(random: np.random.Generator, rows: int, accuracy: float) -> HeldOutAnswers:
    """Return a task's answers: the farther from the line, the surer, and right on the one side of it."""
    heights = random.normal(normal.inv_cdf(accuracy), 1, rows)
    return answers(heights > 0, 1 - 0.5 * np.exp(-np.abs(heights)))


def truth(threshold: float, accuracy: float) -> float:
    """Return the accuracy of all answers that are at least so sure, in that population."""
    height, middle = -np.log(2 * (1 - threshold)), normal.inv_cdf(accuracy)
    right, wrong = 1 - normal.cdf(height - middle), normal.cdf(-height - middle)
    return right / (right + wrong)


@pytest.mark.parametrize(("rows", "accuracy"), [(40, 0.85), (128, 0.8), (600, 0.85)])
def test_at_most_one_task_of_ten_is_promised_what_does_not_hold(rows, accuracy):
    """Many thresholds are looked at; the price of that must be paid."""
    broken, made = 0, 0
    for number in range(TASKS):
        try:
            promise = find_promise(drawn(np.random.default_rng(number), rows, accuracy), 0.9)
        except OptionError:
            continue
        made += 1
        broken += truth(promise.threshold, accuracy) < 0.9
    assert made > 0.1 * TASKS
    assert broken <= 0.1 * TASKS + 2 * (0.09 * TASKS) ** 0.5


def test_what_is_promised_has_a_clopper_pearson_bound_of_at_least_the_target():
    """Against the textbook's formula."""
    promise = find_promise(drawn(np.random.default_rng(3), 600, 0.85), 0.9)
    low = beta.ppf(1 - LEVEL, promise.right, promise.accepted - promise.right + 1)
    assert low >= 0.9
    assert 100 < promise.accepted < 600


def test_all_rows_right_are_all_answered():
    """The threshold is then the least sure row's confidence."""
    promise = find_promise(answers(np.ones(64)), 0.9)
    assert (promise.accepted, promise.right, promise.rows) == (64, 64, 64)
    assert promise.threshold == 0.5


def test_rows_that_are_equally_sure_are_taken_together():
    """A threshold cannot part them."""
    confidence = np.array([0.9] * 30 + [0.6] * 10)
    promise = find_promise(answers(np.ones(40), confidence), 0.9)
    assert (promise.accepted, promise.threshold) == (40, pytest.approx(0.6))
    wrong_at_the_end = find_promise(answers([1] * 30 + [0] * 10, confidence), 0.9)
    assert (wrong_at_the_end.accepted, wrong_at_the_end.threshold) == (30, pytest.approx(0.9))


def test_a_lower_target_never_answers_fewer_rows():
    """More mistakes are allowed."""
    task = drawn(np.random.default_rng(1), 400, 0.85)
    accepted = [find_promise(task, target).accepted for target in (0.95, 0.9, 0.85)]
    assert accepted == sorted(accepted)


def test_rows_right_by_luck_count_as_wrong():
    """The candidate was chosen on these rows; what that gained is no evidence."""
    assert find_promise(answers(np.ones(37)), 0.9).accepted == 37
    with pytest.raises(OptionError) as caught:
        find_promise(answers(np.ones(37), luck=1.0), 0.9)
    assert str(caught.value).splitlines()[0] == (
        "target_accuracy: 0.9 cannot be promised by 37 held-out rows: it takes 38 even if all are right "
        "(1.0 count as wrong, for the luck of having been chosen)."
    )
    one_wrong = [1] * 30 + [0] + [1] * 7
    assert find_promise(answers(one_wrong), 0.9).accepted == 38
    with pytest.raises(OptionError, match="of the 38 surest of 38 held-out rows 37 are right"):
        find_promise(answers(one_wrong, luck=1.0), 0.9)
    assert chance(36.5, 37, 0.9) > chance(37, 37, 0.9)


def test_each_test_allows_one_more_wrong_answer():
    """22 all right, 38 with one wrong, 52 with two: the sizes for 90 %."""
    assert sizes_to_test(60, 0.0, 0.9) == [22, 38, 52, 60]
    assert sizes_to_test(21, 0.0, 0.9) == []


def test_too_few_rows_are_refused_with_how_many_it_takes():
    """The whole message: a person decides by it whether to label on."""
    with pytest.raises(OptionError) as caught:
        find_promise(answers(np.ones(32)), 0.95)
    needed = rows_needed(answers(np.ones(32)), 0.95)
    assert str(caught.value) == (
        "target_accuracy: 0.95 cannot be promised by 32 held-out rows: it takes 45 even if all are right.\n"
        f"About {needed:,} labelled rows would do, if the others are like these; "
        "or choose a threshold yourself with abstain_below."
    )
    assert fewest_rows(1.0, 0.0, 0.95) == 45 < needed < 200


def test_rows_that_are_wrong_too_often_are_refused():
    """Wrong where it is surest, and at no number of rows better."""
    with pytest.raises(OptionError) as caught:
        find_promise(answers([0, 1] * 50), 0.9)
    assert str(caught.value) == (
        "target_accuracy: 0.9 cannot be promised: of the 22 surest of 100 held-out rows 11 are right, "
        "which is too few.\n"
        "Ask for less: not even the surest answers are right often enough to say how many rows it would take; "
        "or choose a threshold yourself with abstain_below."
    )


def test_about_as_many_rows_as_it_says_are_enough():
    """In most tasks of the same kind: a number that did not do would cost a day of labelling."""
    few = drawn(np.random.default_rng(5), 60, 0.8)
    needed = rows_needed(few, 0.95)
    assert 60 < needed < 2000
    made = 0
    for number in range(40):
        try:
            made += find_promise(drawn(np.random.default_rng(number), needed, 0.8), 0.95).accepted > 0
        except OptionError:
            continue
    assert made > 20


@pytest.mark.parametrize("target", [0.0, 1.0, 1.5, float("nan")])
def test_an_accuracy_that_is_none_is_refused(target):
    """Nothing is always right."""
    with pytest.raises(OptionError) as caught:
        find_promise(answers(np.ones(64)), target)
    assert str(caught.value) == f"target_accuracy: is {target:g}, but must lie between 0 and 1."
