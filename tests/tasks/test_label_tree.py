"""The tree decides every probability: it is held against a plain evaluation class by class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspt_cli.tasks.label_tree import LabelTree

END = 1
words = st.lists(st.lists(st.integers(3, 6), min_size=1, max_size=4).map(tuple), min_size=1, max_size=9, unique=True)


def from_tree(tree: LabelTree, logits: np.ndarray) -> np.ndarray:
    """Return each class's log-probability [C] from the logits [N, V], as scoring does it."""
    masked = np.where(tree.allowed, logits, -np.inf)
    choices = np.full(logits.shape, -np.inf)
    rows = tree.allowed.any(axis=1)
    choices[rows] = masked[rows] - np.logaddexp.reduce(masked[rows], axis=1, keepdims=True)
    picked = np.where(tree.path_node >= 0, choices[tree.path_node, tree.path_choice] if choices.size else 0.0, 0.0)
    return picked.sum(axis=1)


def node_of(tree: LabelTree, prefix: tuple[int, ...]) -> int:
    """Return the row of the node a prefix leads to; -1 when it was not kept."""
    node = 0
    for token in prefix:
        below = [i for i in range(len(tree.node_token)) if tree.node_parent[i] == node and tree.node_token[i] == token]
        if not below:
            return -1
        node = below[0]
    return node


def by_hand(tokens: list[tuple[int, ...]], tree: LabelTree, logits: np.ndarray) -> list[float]:
    """Return each class's log-probability by walking along it and looking at what the other classes do next."""
    closed = [(*word, END) if any(o[: len(word)] == word and o != word for o in tokens) else word for word in tokens]
    column = {int(token): index for index, token in enumerate(tree.label_tokens)}
    totals = []
    for word in closed:
        total = 0.0
        for step in range(len(word)):
            following = sorted({o[step] for o in closed if len(o) > step and o[:step] == word[:step]})
            if len(following) > 1:
                row = logits[node_of(tree, word[:step])]
                scores = np.array([row[column[token]] for token in following])
                total += row[column[word[step]]] - np.logaddexp.reduce(scores)
        totals.append(total)
    return totals


@settings(max_examples=300)
@given(words, st.integers(0, 2**32 - 1))
def test_probabilities_sum_to_one_and_equal_a_plain_evaluation(tokens, seed):
    """For any label words and any logits."""
    tree = LabelTree.build(tokens, END)
    logits = np.random.default_rng(seed).normal(0, 3, tree.allowed.shape)
    got = from_tree(tree, logits)
    assert np.exp(got).sum() == pytest.approx(1.0)
    assert got == pytest.approx(by_hand(tokens, tree, logits))


@given(words)
def test_nodes_are_ordered_and_needed(tokens):
    """One decoder pass needs parents before children, and no node that decides nothing."""
    tree = LabelTree.build(tokens, END)
    nodes = len(tree.node_token)
    assert (tree.node_token[0], tree.node_parent[0], tree.node_depth[0]) == (-1, -1, 0)
    assert (tree.node_parent[1:] < np.arange(1, nodes)).all()
    assert (np.diff(tree.node_depth) >= 0).all()
    assert (tree.node_depth[1:] == tree.node_depth[tree.node_parent[1:]] + 1).all()
    assert (tree.ancestors.sum(axis=1) == tree.node_depth + 1).all()
    branching = tree.allowed.any(axis=1)
    assert (tree.allowed.sum(axis=1)[branching] >= 2).all()
    assert nodes == 1 or (tree.ancestors[branching].any(axis=0)).all()
    assert (np.diff(tree.label_tokens) > 0).all()
    assert tree.allowed.any(axis=0).all()


@given(words)
def test_no_two_classes_take_the_same_path(tokens):
    """Else they would always score the same."""
    tree = LabelTree.build(tokens, END)
    paths = np.concatenate([tree.path_node, tree.path_choice], axis=1).tolist()
    assert len(set(map(tuple, paths))) == len(tokens)


def test_distinct_first_tokens_need_one_step_only():
    """The usual case is a single softmax, however long the words are."""
    tree = LabelTree.build([(9, 4), (7,), (8, 8, 8)], END)
    assert tree.label_tokens.tolist() == [7, 8, 9]
    assert tree.node_token.tolist() == [-1]
    assert tree.path_node.tolist() == [[0], [0], [0]]
    assert tree.path_choice.tolist() == [[2], [0], [1]]


def test_a_class_that_begins_another_is_told_by_the_end_token():
    """`refund` beside `refund late`, behind a class that shares nothing."""
    tree = LabelTree.build([(5,), (5, 6), (7, 8)], END)
    assert tree.label_tokens.tolist() == [END, 5, 6, 7]
    assert tree.node_token.tolist() == [-1, 5]
    assert tree.allowed.tolist() == [[False, True, False, True], [True, False, True, False]]
    assert tree.path_node.tolist() == [[0, 1], [0, 1], [0, -1]]
    assert tree.path_choice.tolist() == [[1, 0], [1, 2], [3, -1]]


def test_a_shared_beginning_is_kept_but_chooses_nothing():
    """The decoder must read it to reach the first choice."""
    tree = LabelTree.build([(3, 4, 5), (3, 4, 6)], END)
    assert tree.node_token.tolist() == [-1, 3, 4]
    assert tree.node_parent.tolist() == [-1, 0, 1]
    assert tree.node_depth.tolist() == [0, 1, 2]
    assert tree.allowed.tolist() == [[False, False], [False, False], [True, True]]
    assert tree.ancestors.tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert tree.path_node.tolist() == [[2], [2]]


def test_arrays_have_the_promised_types():
    """Torch indexes with int64 and masks with bool."""
    tree = LabelTree.build([(3,)], END)
    integers = (tree.label_tokens, tree.node_token, tree.node_parent, tree.node_depth, tree.path_node, tree.path_choice)
    assert {array.dtype for array in integers} == {np.dtype(np.int64)}
    assert {tree.allowed.dtype, tree.ancestors.dtype} == {np.dtype(bool)}
    assert tree.allowed.shape == (1, 0)
    assert tree.path_node.shape == (1, 0)


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        ([], "every class needs at least one"),
        ([(3,), ()], "every class needs at least one"),
        ([(3,), (3,)], "two classes have the same"),
        ([(3,), (3, END)], "once the end token is added"),
    ],
)
def test_classes_that_cannot_be_told_apart_are_refused(tokens, problem):
    """The verbalizer prevents it; a caller's mistake must not become a wrong number."""
    with pytest.raises(ValueError, match=problem):
        LabelTree.build(tokens, END)
