"""Texts unlike the training rows are told apart, and the rows themselves are not."""

import numpy as np
import pytest

from crosspt_cli.core.score import unit
from crosspt_cli.core.unusual import QUANTILE, familiar

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
        familiar(*two_classes(seed, rows), 2).unusual(two_classes(seed + 500, 200)[0]).mean() for seed in range(60)
    ]
    assert np.mean(called) == pytest.approx(1 - QUANTILE, abs=0.02)


def test_texts_of_another_kind_are_called_unusual():
    """Far from both classes."""
    found = familiar(*two_classes(0, 24), 2)
    assert found.unusual(cloud(np.random.default_rng(9), 100, 2)).all()


def test_the_limit_is_of_distances_to_means_that_the_row_was_left_out_of():
    """Against means written out, row by row."""
    vectors, labels = two_classes(1, 40)
    rows, distances = unit(vectors.astype(float)), []
    for row in range(40):
        others = np.arange(40) != row
        means = unit(np.stack([rows[others & (labels == c)].mean(0) for c in (0, 1)]))
        distances.append(1 - (means @ rows[row]).max())
    # 39 of 41 rows, the new one among them, are within it
    assert familiar(vectors, labels, 2).limit == pytest.approx(np.sort(distances)[38])


def test_few_rows_take_the_farthest_of_them():
    """Below 19 rows no distance of theirs is passed by one of twenty only."""
    vectors, labels = two_classes(2, 8)
    found = familiar(vectors, labels, 2)
    assert found.limit > found.distance(vectors).max()


def test_a_class_of_one_row_is_no_neighbour_of_itself():
    """Its own mean would be at distance 0."""
    vectors = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], np.float32)
    found = familiar(vectors, np.array([0, 0, 1]), 2)
    assert found.limit == pytest.approx(1)
    assert np.isfinite(found.means).all()


def test_the_length_of_a_vector_does_not_matter():
    """Long texts have shorter means."""
    found = familiar(*two_classes(3, 24), 2)
    vectors = two_classes(4, 10)[0]
    np.testing.assert_allclose(found.distance(vectors), found.distance(7 * vectors), atol=1e-6)
    assert found.means.dtype == np.float32
