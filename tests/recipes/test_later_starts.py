"""Starts of source prompts that enter later: what soft instructions become on their way there."""

import numpy as np
import torch
from small_models import small_model

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.frozen_t5 import FrozenT5
from recipes.sources.later import read_prompt

CPU = torch.device("cpu")


def test_a_prompt_is_read_before_texts_as_transformers_reads_it():
    """Its tokens' states before the second layer, averaged over texts of different lengths."""
    model = small_model().eval()
    backbone = Backbone("small", "", FrozenT5(model, CPU, torch.float32), None)
    prompt, rows = torch.randn(3, 32, generator=torch.manual_seed(1)), [[5, 9, 6, 1], [8, 7, 1], [30, 4, 4, 12, 9, 1]]
    mine = read_prompt(backbone, prompt, encode_texts(rows, CPU), 1)
    with torch.no_grad():
        states = [
            model.encoder(
                inputs_embeds=torch.cat([prompt, model.shared(torch.tensor(row))])[None], output_hidden_states=True
            ).hidden_states[1][0, :3]
            for row in rows
        ]
    np.testing.assert_allclose(mine, torch.stack(states).mean(0), atol=1e-5)


def test_at_the_input_a_start_stays_what_it_is():
    backbone = Backbone("small", "", FrozenT5(small_model(), CPU, torch.float32), None)
    prompt = torch.randn(3, 32, generator=torch.manual_seed(1))
    np.testing.assert_allclose(read_prompt(backbone, prompt, encode_texts([[5, 1], [9, 4, 1]], CPU), 0), prompt)
