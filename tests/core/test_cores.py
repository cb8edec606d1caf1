"""On a CPU every core does passes of its own, and what they find is what one core finds."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from hf_reference import END, as_backbone, random_prompts, random_texts, small_t5

from crosspt_cli.core.cores import on_all_cores
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.read import answer_rows, read_alone
from crosspt_cli.tasks.label_tree import LabelTree

TEXTS = random_texts([3, 9, 5, 14, 2, 7, 30, 4])


@pytest.fixture
def two_threads():
    """Let torch have two threads, as on a machine of two cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_each_pass_has_one_thread_and_no_gradients(two_threads):
    """Two that wait for each other get nowhere, and gradients would be kept for nobody."""
    together = threading.Barrier(2)
    found = []

    def job() -> None:
        together.wait(timeout=60)
        found.append((threading.current_thread().name, torch.get_num_threads(), torch.is_grad_enabled()))

    on_all_cores([job, job])
    assert [each[1:] for each in found] == [(1, False)] * 2 and found[0][0] != found[1][0]
    assert torch.get_num_threads() == 2 and torch.is_grad_enabled()


def test_a_single_pass_has_all_threads_of_torch(two_threads):
    """One text that a person waits for."""
    found = []
    on_all_cores([lambda: found.append((torch.get_num_threads(), torch.is_grad_enabled()))])
    assert found == [(2, False)]


def test_what_a_pass_raises_is_raised_and_the_threads_are_given_back(two_threads):
    """Also of the last pass; torch has its threads again afterwards."""

    def fails() -> None:
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        on_all_cores([lambda: None, lambda: None, fails])
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("tokens_at_once", [1, 4, 1000])
def test_two_cores_answer_as_one(tokens_at_once):
    """To rounding, in the order of the rows, whatever the size of a pass."""
    backbone, prompt = as_backbone(small_t5("v1.1")), random_prompts(1)
    tree = backbone.t5.place(LabelTree.build(((5, 6), (5, 7), (8,)), END))
    rows = torch.arange(len(TEXTS))

    def answered(threads: int):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            texts = read_alone(backbone, encode_texts(TEXTS, backbone.device), 1, tokens_at_once)
            return answer_rows(backbone, prompt, rows * 0, texts, rows, tree, tokens_at_once)
        finally:
            torch.set_num_threads(before)

    one, two = answered(1), answered(2)
    for name in ("nats", "vectors", "plain"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), atol=1e-5)
