"""Rows that are asked about count as rows without labels, for this one answer: the saved task never changes."""

from dataclasses import replace

import numpy as np
import pytest
from onboarding_samples import TEXTS, digests

from crosspt_cli.answering.adapting import MOST_DRAWN, draw_rows
from crosspt_cli.answering.predict import Predictor, predict
from crosspt_cli.answering.suggest import ways_of_answering
from crosspt_cli.core.read import Answered
from crosspt_cli.data import row_digest
from crosspt_cli.evidence.labelled import LabelledRows
from crosspt_cli.evidence.pooled import Unlabelled
from crosspt_cli.evidence.prototypes import PairedPrototypes, paired_prototypes
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.with_pool import MASS
from crosspt_cli.foundation.errors import IntegrityError, OptionError
from crosspt_cli.onboarding.fitted import load_fitted, save_fitted
from crosspt_cli.search.pooling import prototypes_with_pool

NEW = [f"{text} Parcel {number}." for number in range(3) for text in ("It works.", "It broke.", "Great!", "So slow.")]


@pytest.fixture
def fitted(onboarded):
    """The task, with prototypes that count and no row that is too unusual."""
    wide = replace(onboarded.fitted.familiar, limit=3.0)
    return replace(onboarded.fitted, readout=Readout(10.0), familiar=wide)


@pytest.fixture
def predictor(fitted, backbone) -> Predictor:
    return Predictor(fitted, backbone)


def arrays(pair: PairedPrototypes) -> list[np.ndarray]:
    return [part for each in (pair.prompted, pair.plain) for part in (each.directions, each.offsets)]


def test_prototypes_are_those_of_the_labelled_rows_and_the_new_ones(predictor, fitted):
    """Written out, with the new rows in the order of their digests."""
    found = predictor.adapted(NEW)
    read = predictor.read(sorted(NEW, key=lambda text: row_digest([text])))
    pool = Unlabelled.of(read.vectors), Unlabelled.of(read.plain)
    wanted = prototypes_with_pool(fitted.labelled, *pool, 2, MASS)
    for one, other in zip(arrays(found.fitted.prototypes), arrays(wanted), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert (found.adaptation.rows, found.adaptation.left_out) == (len(NEW), 0)
    similarity = wanted.similarity(read.vectors, read.plain)
    shares = np.exp(fitted.readout.log_shares(read.nats, fitted.bias, similarity))
    answers = found.predict(sorted(NEW, key=lambda text: row_digest([text])))
    np.testing.assert_allclose([list(each.shares.values()) for each in answers], shares, atol=1e-4)
    assert not np.allclose([list(each.shares.values()) for each in predictor.predict(NEW)], shares, atol=1e-4)


def test_what_is_kept_of_the_labelled_rows_gives_the_tasks_own_prototypes(full):
    """Read from disk: had the vectors another order than the labels, adapting would mix the classes up."""
    saved = load_fitted("reviews", full)
    rows = saved.labelled
    assert (len(rows), rows.labels.dtype) == (len(TEXTS), np.int64)
    made = paired_prototypes(rows.vectors, rows.plain, rows.labels, 2)
    for one, other in zip(arrays(made), arrays(saved.prototypes), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_order_of_the_rows_and_their_copies_change_nothing(predictor):
    """Case and spaces make no other text; a file that is sorted gives the same answers."""
    once = predictor.adapted(NEW)
    again = predictor.adapted([*NEW[::-1], *(text.upper() for text in NEW), "", None])
    assert again.adaptation == once.adaptation
    for one, other in zip(arrays(once.fitted.prototypes), arrays(again.fitted.prototypes), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_adapting_twice_is_adapting_to_the_second_rows_alone(predictor):
    """Or answers would depend on what was asked before."""
    other = [f"{text} Letter." for text in NEW]
    twice = predictor.adapted(NEW).adapted(other)
    for one, same in zip(
        arrays(twice.fitted.prototypes), arrays(predictor.adapted(other).fitted.prototypes), strict=True
    ):
        assert np.array_equal(one, same)


def test_rows_that_cannot_be_read_or_are_unusual_are_left_out(onboarded, fitted, backbone):
    """They would pull the class means to where no row of the task is."""
    odd = ["...", "🙂🙂🙂", "a" * 50]
    plain, mixed = (Predictor(fitted, backbone).adapted(rows) for rows in (NEW, NEW + odd))
    assert (mixed.adaptation.rows, mixed.adaptation.left_out) == (len(NEW), len(odd))
    for one, other in zip(arrays(plain.fitted.prototypes), arrays(mixed.fitted.prototypes), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    narrow = replace(fitted, familiar=replace(fitted.familiar, limit=-1.0))
    assert Predictor(narrow, backbone).adapted(NEW).adaptation.left_out == len(NEW)


@pytest.mark.parametrize("rows", [[], ["", None], NEW[:9], TEXTS, [NEW[0]] * 50], ids=len)
def test_with_too_few_rows_answers_are_those_of_the_task(rows, predictor):
    """Blank rows, copies of one row and the task's own are not new; nine rows say nothing of what is usual."""
    found = predictor.adapted(rows)
    assert found.adaptation.rows == 0
    assert found.predict(NEW) == predictor.predict(NEW)


def test_label_words_alone_are_not_adapted(fitted, backbone):
    """Prototypes have no say there, and claiming otherwise would be a lie."""
    words = Predictor(replace(fitted, readout=Readout(0.0)), backbone)
    found = words.adapted(NEW)
    assert found.adaptation.rows == 0
    assert found.predict(NEW) == words.predict(NEW)


def test_the_saved_task_stays_as_it_is(full, home, fitted):
    """Byte for byte; the function adapts and forgets."""
    save_fitted(fitted, {}, full, replace=True)
    before = digests(home)
    plain, adapted = predict("reviews", NEW), predict("reviews", NEW, adapt=True)
    assert [each.shares for each in plain] != [each.shares for each in adapted]
    assert adapted == predict("reviews", NEW, adapt=True)
    assert predict("reviews", NEW) == plain
    assert digests(home) == before


def test_an_accuracy_cannot_be_promised_of_adapted_answers(full, predictor):
    """The held-out rows behind the promise were answered without adapting."""
    problem = (
        "target_accuracy: cannot be promised of adapted answers: the held-out rows behind it were answered "
        "without adapting.\nLeave it out, or do not adapt."
    )
    with pytest.raises(OptionError) as caught:
        predict("reviews", NEW, target_accuracy=0.6, adapt=True)
    assert str(caught.value) == problem
    with pytest.raises(OptionError) as caught:
        predictor.adapted(NEW).promise(0.6)
    assert str(caught.value) == problem


def test_a_task_that_keeps_no_labelled_rows_says_how_to_onboard_it_again(full, fitted, backbone):
    """Tasks saved by earlier versions answer as they did, and cannot be adapted."""
    save_fitted(replace(fitted, labelled=None), {}, full, replace=True)
    old = load_fitted("reviews", full)
    assert old.labelled is None
    assert Predictor(old, backbone).predict(NEW) == Predictor(fitted, backbone).predict(NEW)
    with pytest.raises(IntegrityError) as caught:
        Predictor(old, backbone).adapted(NEW)
    problem = "does not keep what adapting needs of its labelled rows: an earlier crosspt onboarded it."
    first, command = str(caught.value).split("\nOnboard it again: ")
    assert first == f"task 'reviews': {problem}"
    assert command.startswith("crosspt add-task ") and command.endswith(" --name reviews --replace")


def test_of_many_rows_so_many_are_drawn_whatever_their_order():
    """A file may have a million rows; memory holds two thousand of them."""
    rows = [(f"row {number}",) for number in range(3 * MOST_DRAWN)]
    one, other = draw_rows(rows, ()), draw_rows(iter(rows[::-1] + rows), ())
    assert one.rows == other.rows
    assert (len(one.rows), one.read, other.read) == (MOST_DRAWN, 3 * MOST_DRAWN, 6 * MOST_DRAWN)
    by_digest = sorted(rows, key=lambda row: row_digest(row))
    assert list(one.rows) == by_digest[:MOST_DRAWN]
    known = {row_digest(row) for row in by_digest[:5]}
    assert list(draw_rows(rows, known).rows) == by_digest[5 : MOST_DRAWN + 5]


def test_labelled_rows_are_taken_with_all_that_is_known_of_them():
    """A vector beside the wrong label is worse than none."""
    rows = LabelledRows(np.arange(6.0).reshape(3, 2), -np.arange(6.0).reshape(3, 2), np.array([0, 1, 0]))
    some = rows.take(np.array([0, 2]))
    assert (some.vectors.tolist(), some.plain[1].tolist(), some.labels.tolist()) == ([[0, 1], [4, 5]], [-4, -5], [0, 0])


def test_answers_are_joined_and_taken_row_by_row(predictor):
    """Many rows are read in parts."""
    read = predictor.read(NEW)
    parts = read.split([5, len(NEW) - 5])
    again = Answered.joined(parts).take(np.arange(len(NEW)) < 5)
    assert np.array_equal(again.nats, parts[0].nats) and np.array_equal(again.plain, parts[0].plain)
    assert len(ways_of_answering(predictor, read)) == 3
