"""Learn from the teacher: what it makes of every token and text, and which words it finds near a text."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import BertModel

from crosspt_cli.core.backbone import text_means
from crosspt_cli.core.encode import EncodedTexts
from crosspt_cli.core.packing import Layout, token_positions
from recipes.backbone.student import Student

NEAR = 0.04  # temperature of the teacher's ranking of words, in cosines
SIMILARITY_WEIGHT = 5.0  # squared differences of cosines are small numbers


@dataclass(frozen=True)
class Taught:
    """The teacher's view of a batch: `tokens` [n, D] packed like the batch, `sentences` [R, D] of length 1."""

    tokens: Tensor
    sentences: Tensor


class Teacher:
    """A BERT encoder that reads the new vocabulary's tokens as its own.

    Args:
        bert: the encoder.
        vocabulary: the teacher's id of each entry of the new vocabulary, [V] int64.
        first: the id that begins every text.
        device: where to compute.
        dtype: of the arithmetic.
    """

    def __init__(
        self, bert: BertModel, vocabulary: Tensor, first: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.bert = bert.eval().to(device, dtype)
        self.vocabulary, self.first = vocabulary.to(device), first

    @torch.no_grad()
    def view(self, texts: EncodedTexts) -> Taught:
        """Return what the teacher makes of texts that end with an end token."""
        row, position = token_positions(texts.lengths)
        shape = (len(texts), int(texts.lengths.max()) + 1)
        ids, mask = (torch.zeros(shape, dtype=torch.int64, device=row.device) for _ in range(2))
        ids[row, position + 1], mask[row, position + 1] = self.vocabulary[texts.tokens], 1
        ids[:, 0], mask[:, 0] = self.first, 1
        states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        sentences = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return Taught(states[row, position + 1], F.normalize(sentences, dim=1))

    def words(self, tokens: Tensor, end: int) -> Tensor:
        """Return the sentence vectors [W, D] of single tokens [W] int64, each less the mean over all of them."""
        ends = torch.full_like(tokens, end)
        pairs = torch.stack([tokens, ends], 1).flatten()
        starts = torch.arange(len(tokens), device=tokens.device) * 2
        return self.view(EncodedTexts(pairs, torch.full_like(tokens, 2), starts)).sentences


def imitation_loss(encoded: Tensor, layout: Layout, lengths: Tensor, taught: Taught) -> Tensor:
    """Return how far the student's tokens, texts and similarities between texts are from the teacher's.

    Args:
        encoded: the student's encoder outputs [n, H].
        layout: of the batch.
        lengths: tokens per text, [R] int64, in the callers' order.
        taught: the teacher's view of the batch.
    """
    width = taught.tokens.shape[1]
    tokens = encoded[:, :width].float()
    sentences = F.normalize(text_means(encoded[:, :width], layout, lengths, 0), dim=1)
    alike = F.cosine_similarity(tokens, taught.tokens[layout.source], dim=1).mean()
    whole = (sentences * taught.sentences).sum(1).mean()
    between = F.mse_loss(sentences @ sentences.T, taught.sentences @ taught.sentences.T)
    return (1 - alike) + (1 - whole) + SIMILARITY_WEIGHT * between


def ranking_loss(
    student: Student, encoded: Tensor, layout: Layout, taught: Taught, words: Tensor, near: Tensor
) -> Tensor:
    """Return the cross-entropy of the decoder's first step with the teacher's ranking of words.

    Args:
        student: in training.
        encoded: its encoder outputs [n, H].
        layout: of the batch.
        taught: the teacher's view of it.
        words: token ids [W] int64 to rank.
        near: the teacher's vectors of these words, [W, D].
    """
    first = torch.full((len(layout.order), 1), student.start_token, device=encoded.device)
    written = student.write(encoded, layout, first)[:, 0]
    cosines = taught.sentences @ near.T
    wanted = ((cosines - near @ taught.sentences.mean(0)) / NEAR).softmax(1)[layout.order]
    logits = written @ student.output_rows(words).T
    return -(wanted * logits.log_softmax(1)).sum(1).mean()
