"""Which sources are useful: measured, and without a look at held-out rows."""

import numpy as np
import torch
from hf_reference import END, as_backbone, our_nats, random_prompts, random_texts, small_t5
from study_samples import NAMES, WORDS, small_task

from crosspt_cli.core.encode import encode_texts
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.foundation.seeds import stream
from crosspt_cli.search.folds import stratified_folds
from crosspt_cli.search.rank import MOST_ROWS, UntouchedSources, score_untouched
from crosspt_cli.tasks.label_tree import LabelTree


def answers(right: float, labels: np.ndarray) -> np.ndarray:
    """Return log-likelihoods [n, 2] that give the true class the probability `right`."""
    nats = np.log(np.full((len(labels), 2), 1 - right))
    nats[np.arange(len(labels)), labels] = np.log(right)
    return nats


def test_the_source_that_knows_most_comes_first():
    """Its loss is the smallest."""
    labels = np.arange(20) % 2
    nats = np.stack([answers(right, labels) for right in (0.5, 0.9, 0.6)])
    ranks = UntouchedSources(NAMES, np.arange(20), nats).ranks(labels, np.arange(20))
    assert [rank.name for rank in ranks] == ["pear", "plum", "apple"]
    assert [rank.loss for rank in ranks] == sorted(rank.loss for rank in ranks)
    assert abs(ranks[-1].loss - np.log(2)) < 0.05


def test_only_the_rows_named_have_a_say():
    """A fold ranks on its training rows; of held-out rows nothing is known."""
    labels, among = np.arange(20) % 2, np.arange(0, 13)
    nats = np.stack([answers(right, labels) for right in (0.6, 0.8)])
    spoiled, wrong = nats.copy(), labels.copy()
    spoiled[:, 13:] = np.nan
    wrong[13:] = 0
    one = UntouchedSources(NAMES[:2], np.arange(20), nats).ranks(labels, among)
    other = UntouchedSources(NAMES[:2], np.arange(20), spoiled).ranks(wrong, among)
    assert one == other


def test_a_source_that_leans_is_judged_by_what_it_tells_apart():
    """Biass are taken off at prediction as well."""
    labels = np.arange(20) % 2
    bias = answers(0.8, labels) + np.array([3.0, 0.0])
    bias -= np.log(np.exp(bias).sum(1, keepdims=True))
    ranks = UntouchedSources(NAMES[:2], np.arange(20), np.stack([answers(0.5, labels), bias])).ranks(
        labels, np.arange(20)
    )
    assert ranks[0].name == "pear"


def test_answers_are_those_of_the_untouched_prompts():
    """Source by source, against one pass written out."""
    task = small_task()
    texts = [part.tolist() for part in task.texts.tokens.split(task.texts.lengths.tolist())]
    assert task.untouched.rows.tolist() == list(range(18))
    for number in range(3):
        nats = our_nats(task.backbone, task.sources, [number] * 18, texts, WORDS)
        np.testing.assert_allclose(task.untouched.nats[number], nats, atol=1e-5)


def test_many_rows_are_sampled_over_all_classes():
    """A bounded cost, and a rare class is there."""
    backbone = as_backbone(small_t5())
    labels = np.array([0] * 290 + [1] * 10)
    texts = encode_texts(random_texts([2] * 300), backbone.device)
    tree = backbone.t5.place(LabelTree.build(WORDS, END))
    found = score_untouched(backbone, ["a"], random_prompts(1), texts, labels, tree, stream(0, "rank"), 10_000)
    assert len(set(found.rows)) == MOST_ROWS
    assert np.bincount(labels[found.rows]).tolist() == [MOST_ROWS - 10, 10]
    again = score_untouched(backbone, ["a"], random_prompts(1), texts, labels, tree, stream(0, "rank"), 10_000)
    assert np.array_equal(found.rows, again.rows)


def test_without_sources_there_is_nothing_to_rank():
    """A backbone of one's own has none at first."""
    task = small_task(sources=0)
    assert task.untouched.nats.shape == (0, 18, 2)
    assert task.untouched.ranks(task.labels, np.arange(18)) == ()
    assert task.sources.shape == torch.Size([0, 3, 32])


def test_a_prompt_that_knows_nothing_is_right_half_of_the_time_when_held_out():
    """Of a class that a fold trains on more rows of, fewer are held out: that row must not decide the answer."""
    labels, right = np.arange(8) % 2, {"evened": [], "as they are": []}
    for seed in range(200):
        one = np.random.default_rng(seed).uniform(0.35, 0.65, 8)
        nats = np.log(np.stack([one, 1 - one], 1))
        for fold in stratified_folds(labels, 3, seed):
            trained, true = nats[fold.train], labels[fold.train]
            for name, share in (("evened", class_share(true, 2)), ("as they are", np.bincount(true) / len(true))):
                answers = (nats[fold.held_out] - bias_of(trained, true, share)).argmax(1)
                right[name].extend(answers == labels[fold.held_out])
    assert abs(np.mean(right["evened"]) - 0.5) < 0.03
    assert np.mean(right["as they are"]) < 0.47


def test_a_prompt_that_is_always_right_leans_nowhere_whatever_the_fold():
    """Three rows of one class and two of the other are no reason to favour either."""
    labels = np.array([0, 0, 0, 1, 1, 1])
    train = np.array([0, 1, 2, 3, 4])
    bias = bias_of(answers(0.999, labels)[train], labels[train], class_share(labels[train], 2))
    assert abs(bias[0] - bias[1]) < 1e-3


def test_a_class_without_a_row_leans_as_little_as_half_a_row_says():
    """Its share among all rows is known, but not what the prompt makes of it."""
    labels = np.array([0, 0, 1, 1, 2])
    nats = np.log(np.array([[0.8, 0.1, 0.1]] * 2 + [[0.1, 0.8, 0.1]] * 2))
    bias = bias_of(nats, labels[:4], class_share(labels, 3))
    assert bias[2] == np.float32(np.log(0.1 + 1e-6) - np.log(0.5 / 5.5))


def test_class_counts_that_are_a_row_apart_are_equal_shares():
    """A fold has a row more of the class that it holds a row less of out; of larger differences nothing is lost."""
    for counts, evened in (
        ([6, 5], [5.5, 5.5]),
        ([20, 7], [20, 7]),
        ([8, 3, 9, 4], [8.5, 3.5, 8.5, 3.5]),
        ([0, 1, 2], [0, 1.5, 1.5]),
    ):
        labels = np.repeat(np.arange(len(counts)), counts)
        np.testing.assert_allclose(class_share(labels, len(counts)), np.array(evened) / len(labels))


def test_which_rows_a_fold_ranks_on_is_not_decided_by_the_labels_of_others():
    """Of a large task some rows are scored; a label that changes outside of the fold changes none of its ranks."""
    backbone = as_backbone(small_t5())
    labels = np.arange(260) % 2
    fold = stratified_folds(labels, 4, 0)[0]
    turned = labels.copy()
    turned[fold.held_out[::2]] = 1 - turned[fold.held_out[::2]]
    texts = encode_texts(random_texts([2 + row % 3 for row in range(260)]), backbone.device)
    tree, prompts = backbone.t5.place(LabelTree.build(WORDS, END)), random_prompts(2)
    one, other = (
        score_untouched(backbone, NAMES[:2], prompts, texts, each, tree, stream(0, "rank"), 10_000, [fold])
        for each in (labels, turned)
    )
    assert len(one.rows) > MOST_ROWS
    assert not np.array_equal(one.rows, other.rows)
    for a, b in zip(one.ranks(labels, fold.train), other.ranks(turned, fold.train), strict=True):
        assert a.name == b.name
        assert abs(a.loss - b.loss) < 1e-5


def test_a_part_of_the_rows_knows_what_was_asked_of_them():
    """Their answers, under their new numbers; rows of which no source was asked stay out."""
    nats = np.arange(12.0).reshape(2, 3, 2)
    part = UntouchedSources(NAMES[:2], np.array([7, 2, 5]), nats).part(np.array([0, 2, 3, 7]))
    assert part.rows.tolist() == [3, 1]
    assert np.array_equal(part.nats, nats[:, :2])
