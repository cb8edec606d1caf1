"""The label words of all classes as one tree: only where it branches does the model decide anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

ROOT = -1


@dataclass(frozen=True)
class LabelTree:
    """The shortest prefixes that tell the classes apart, for one decoder pass over all of them.

    The log-probability of a class is the sum, over the branching nodes on its path, of the log-softmax over that
    node's children. Where the tree does not branch nothing is decided, so the probabilities of the classes sum to 1.
    N nodes are kept: the branching ones and those above them, the root first, by depth.

    Args:
        label_tokens: [V] int64, sorted distinct token ids that some branching node chooses between.
        node_token: [N] int64, the token fed to the decoder at the node; -1 for the root (the decoder's start token).
        node_parent: [N] int64, -1 for the root.
        node_depth: [N] int64, 0 for the root.
        ancestors: [N, N] bool, True at [i, j] when j is i or lies above it: the attention mask.
        allowed: [N, V] bool, the children of a branching node; all False at the other nodes.
        path_node: [C, K] int64, the branching nodes on the class's path, padded with -1.
        path_choice: [C, K] int64, the column of `label_tokens` chosen there, padded with -1.
    """

    label_tokens: np.ndarray
    node_token: np.ndarray
    node_parent: np.ndarray
    node_depth: np.ndarray
    ancestors: np.ndarray
    allowed: np.ndarray
    path_node: np.ndarray
    path_choice: np.ndarray

    @classmethod
    def build(cls, tokens: Sequence[Sequence[int]], end_token: int) -> LabelTree:
        """Return the tree of the classes' label-word tokens.

        A class whose tokens begin another's is told from it by the end token.

        Args:
            tokens: per class, its token ids without the end token; pairwise distinct, not empty.
            end_token: id of the end-of-sequence token.

        Raises:
            ValueError: no class, a class without tokens, or two classes with the same tokens.
        """
        require_distinct(tokens)
        root = grow(tokens, end_token)
        kept = kept_nodes(root)
        row = {id(node): index for index, node in enumerate(kept)}
        label_tokens = sorted({token for node in kept if node.branches for token in node.children})
        column = {token: index for index, token in enumerate(label_tokens)}
        parent = [row[id(node.parent)] if node.parent else -1 for node in kept]
        choices = [
            [(row[id(node)], column[token]) for node, token in path(root, word)] for word in closed(tokens, end_token)
        ]
        return cls(
            label_tokens=np.array(label_tokens, dtype=np.int64),
            node_token=np.array([node.token for node in kept], dtype=np.int64),
            node_parent=np.array(parent, dtype=np.int64),
            node_depth=np.array([node.depth for node in kept], dtype=np.int64),
            ancestors=ancestor_mask(parent),
            allowed=np.array(
                [[node.branches and t in node.children for t in label_tokens] for node in kept], dtype=bool
            ),
            path_node=padded([[node for node, _ in choice] for choice in choices]),
            path_choice=padded([[chosen for _, chosen in choice] for choice in choices]),
        )


@dataclass
class Node:
    """One node while the tree is grown."""

    token: int
    depth: int
    parent: Node | None
    children: dict[int, Node] = field(default_factory=dict)

    @property
    def branches(self) -> bool:
        """Return whether the model chooses here."""
        return len(self.children) > 1


def require_distinct(tokens: Sequence[Sequence[int]]) -> None:
    """Raise unless there are classes, each with tokens of its own.

    Raises:
        ValueError: see `LabelTree.build`.
    """
    if not tokens or not all(len(word) for word in tokens):
        raise ValueError("every class needs at least one label-word token")
    if len({tuple(word) for word in tokens}) < len(tokens):
        raise ValueError("two classes have the same label-word tokens")


def closed(tokens: Sequence[Sequence[int]], end_token: int) -> list[tuple[int, ...]]:
    """Return the token sequences, those that begin another one closed with the end token."""
    beginnings = {tuple(word[:length]) for word in tokens for length in range(1, len(word))}
    return [(*word, end_token) if tuple(word) in beginnings else tuple(word) for word in tokens]


def grow(tokens: Sequence[Sequence[int]], end_token: int) -> Node:
    """Return the root of the tree of all closed sequences."""
    root = Node(ROOT, 0, None)
    words = closed(tokens, end_token)
    if len(set(words)) < len(words):
        raise ValueError("two classes have the same label-word tokens once the end token is added")
    for word in words:
        node = root
        for token in word:
            node = node.children.setdefault(token, Node(token, node.depth + 1, node))
    return root


def kept_nodes(root: Node) -> list[Node]:
    """Return the root, the branching nodes and every node above one, by depth and then by class."""
    level, ordered = [root], []
    while level:
        ordered += level
        level = [child for node in level for child in node.children.values()]
    needed = {id(root)}
    for node in reversed(ordered):  # children before parents
        if node.branches or any(id(child) in needed for child in node.children.values()):
            needed.add(id(node))
    return [node for node in ordered if id(node) in needed]


def path(root: Node, word: Sequence[int]) -> list[tuple[Node, int]]:
    """Return the branching nodes on the way of one class, with the token chosen at each."""
    node, choices = root, []
    for token in word:
        if node.branches:
            choices.append((node, token))
        node = node.children[token]
    return choices


def ancestor_mask(parent: Sequence[int]) -> np.ndarray:
    """Return [N, N] bool, True at [i, j] when j is i or lies above it; parents come before their children."""
    mask = np.eye(len(parent), dtype=bool)
    for index, above in enumerate(parent):
        if above >= 0:
            mask[index] |= mask[above]
    return mask


def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the rows as one [C, K] int64 array, filled up with -1."""
    table = np.full((len(rows), max(map(len, rows))), -1, dtype=np.int64)
    for index, row in enumerate(rows):
        table[index, : len(row)] = row
    return table
