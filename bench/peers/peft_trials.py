"""The trials of a study as a person would train them today: peft's PROMPT_TUNING, one after another, a plain loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from peft import PromptTuningConfig, TaskType, get_peft_model
from torch import Tensor
from transformers import T5ForConditionalGeneration

RATE = 0.2


class PeftTrial:
    """One soft prompt in training, with peft's defaults and the whole vocabulary in its loss.

    The prompt stands before the encoder's input only, as ours does (peft's default for T5 adds one to the decoder's).

    Args:
        base: the frozen model; every trial wraps the same one.
        prompt_tokens: P.
        rows: every row's token ids.
        labels: [rows], every row's class.
        words: each class's label word as tokens.
    """

    def __init__(
        self,
        base: T5ForConditionalGeneration,
        prompt_tokens: int,
        rows: Sequence[Sequence[int]],
        labels: np.ndarray,
        words: Sequence[Sequence[int]],
    ) -> None:
        settings = PromptTuningConfig(
            task_type=TaskType.SEQ_2_SEQ_LM, num_virtual_tokens=prompt_tokens, num_transformer_submodules=1
        )
        self.model = get_peft_model(base, settings).to(base.device).train()
        self.optimiser = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=RATE)
        self.rows, self.labels, self.device = rows, labels, base.device
        self.words = [[*word, base.config.eos_token_id] for word in words]

    def step(self, rows: np.ndarray) -> None:
        """Train on some rows [B]."""
        self.model(**self._inputs(rows)).loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad()

    @torch.no_grad()
    def logits(self, rows: np.ndarray) -> Tensor:
        """Return logits [B, label tokens, vocabulary] of some rows, for scoring."""
        self.model.eval()
        found = self.model(**self._inputs(rows)).logits
        self.model.train()
        return found

    def set_prompt(self, prompt: Tensor) -> None:
        """Put a prompt [P, H] in the place of the one in training."""
        self.model.prompt_encoder["default"].embedding.weight.data.copy_(prompt)

    def _inputs(self, rows: np.ndarray) -> dict[str, Tensor]:
        texts = _padded([self.rows[row] for row in rows], 0).to(self.device)
        labels = _padded([self.words[self.labels[row]] for row in rows], -100).to(self.device)
        return {"input_ids": texts, "attention_mask": (texts != 0).long(), "labels": labels}


def _padded(rows: Sequence[Sequence[int]], filling: int) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], True, filling)
