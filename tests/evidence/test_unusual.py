"""Texts unlike the training rows are told apart, and the rows themselves are not."""

import numpy as np
import pytest

from crosspt_cli.evidence.prototypes import unit
from crosspt_cli.evidence.unusual import (
    QUANTILE,
    Familiar,
    class_directions,
    distances,
    familiar,
    is_unreadable,
    left_out_distances,
    limit_of,
)

WIDTH = 32


def cloud(random: np.random.Generator, rows: int, centre: int, spread: float = 0.5) -> np.ndarray:
    """Return vectors [rows, H] around one of the axes, of any length."""
    vectors = random.normal(0, spread / WIDTH**0.5, (rows, WIDTH))
    vectors[:, centre] += 1
    return (vectors * random.uniform(0.5, 20, (rows, 1))).astype(np.float32)


def two_classes(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors and labels of two classes."""
    random, labels = np.random.default_rng(seed), np.arange(rows) % 2
    vectors = np.where(labels[:, None] == 0, cloud(random, rows, 0), cloud(random, rows, 1))
    return vectors, labels


@pytest.mark.parametrize("rows", [24, 60, 300])
def test_about_one_ordinary_text_of_twenty_is_called_unusual(rows):
    """On average over tasks, as the quantile says: the rows must not be judged by means that they pull."""
    called = [
        familiar(*two_classes(seed, rows), 2).unusual(None, two_classes(seed + 500, 200)[0]).mean()
        for seed in range(60)
    ]
    assert np.mean(called) == pytest.approx(1 - QUANTILE, abs=0.02)


def test_texts_of_another_kind_are_called_unusual():
    """Far from both classes."""
    assert familiar(*two_classes(0, 24), 2).unusual(None, cloud(np.random.default_rng(9), 100, 2)).all()


def test_tasks_of_older_versions_go_on_comparing_texts_behind_the_prompt():
    """Their means and limit are of those vectors, and say nothing about others."""
    near, far = two_classes(0, 10)[0], cloud(np.random.default_rng(9), 10, 2)
    found = familiar(*two_classes(0, 24), 2)
    old = Familiar(found.means, found.limit, prompted=True)
    assert (old.unusual(far, near) == found.unusual(near, far)).all()
    assert old.unusual(far, near).all() and not old.unusual(near, far).all()


def test_a_row_left_out_is_measured_by_the_others_alone():
    """Written out; a class of one row has no mean without it."""
    vectors, labels = two_classes(2, 9)
    labels[-1] = 2
    found = left_out_distances(vectors, labels, 3)
    for row in range(9):
        others = np.arange(9) != row
        means = np.stack([unit(unit(vectors[others & (labels == c)]).sum(0)) for c in (0, 1, 2)])
        known = [c for c in (0, 1, 2) if (others & (labels == c)).any()]
        assert found[row] == pytest.approx(distances(means[known], vectors[row : row + 1])[0], abs=1e-5)


UNKNOWN = 2


@pytest.mark.parametrize(
    ("texts", "tokens", "unreadable"),
    [
        (("",), [], True),
        (("   ", "\t"), [], True),
        (("🙂🙂 !!",), [UNKNOWN, 7, 7], True),
        (("你好 ok",), [UNKNOWN, UNKNOWN, 9], True),
        (("ok 你好",), [8, 9, UNKNOWN, UNKNOWN], False),
        (("aaaaaaaa",), [3, 4], True),
        (("ha ha ha ha ha ha ha ha",), [5] * 8, True),
        (("no no no",), [5] * 3, False),
        (("", "A short answer."), [5, 6, 7], False),
        (("42",), [5], False),
    ],
)
def test_what_says_nothing_is_unusual_wherever_its_vector_lies(texts, tokens, unreadable):
    """A frozen encoder puts unknown tokens somewhere, and sometimes that is near a class."""
    assert is_unreadable(texts, [tokens], UNKNOWN) is unreadable


def test_a_backbone_without_an_unknown_token_knows_every_token():
    """Byte-level ones have none."""
    assert not is_unreadable(("你好",), [[5, 6]], None)


def test_distances_are_to_the_nearest_mean_direction():
    """Written out."""
    vectors, labels = two_classes(1, 12)
    means = np.stack([unit(unit(vectors[labels == c]).mean(0)) for c in (0, 1)])
    found = class_directions(vectors, labels, 2)
    np.testing.assert_allclose(found, means, atol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(distances(found, vectors), 1 - (unit(vectors) @ means.T).max(1), atol=1e-6)


def test_the_limit_leaves_at_most_one_of_twenty_beyond_and_few_rows_take_the_farthest():
    """Of 40 rows and the next one 39 are within it; below 19 rows no distance is passed by one of twenty only."""
    random = np.random.default_rng(0)
    many, few = random.random(40), random.random(18)
    assert limit_of(many) == np.sort(many)[38]
    assert limit_of(few) == few.max()


def test_the_length_of_a_vector_does_not_matter():
    """Long texts have shorter means."""
    found = class_directions(*two_classes(3, 24), 2)
    vectors = two_classes(4, 10)[0]
    np.testing.assert_allclose(distances(found, vectors), distances(found, 7 * vectors), atol=1e-6)
