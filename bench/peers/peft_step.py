"""Time one step of peft's prompt tuning on the embedded backbone, as a person would write it.

    python bench/peers/peft_step.py TRAIN.csv BACKBONE_FOLDER [fp32|bf16]

Prints one JSON object: milliseconds per training step of 8 rows (peft's PROMPT_TUNING, AdamW, padded batches,
transformers' forward pass with the whole vocabulary).
"""

from __future__ import annotations

import csv
import json
import sys
import time

import torch
from peft import PromptTuningConfig, TaskType, get_peft_model
from transformers import AutoTokenizer, T5ForConditionalGeneration

STEPS, BATCH, PROMPT_TOKENS = 20, 8, 20


def main() -> None:
    """Train a few steps and print the time of one."""
    torch.manual_seed(0)
    dtype = torch.bfloat16 if sys.argv[3:] == ["bf16"] else torch.float32
    with open(sys.argv[1], newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])
    model = T5ForConditionalGeneration.from_pretrained(sys.argv[2], dtype=dtype)
    settings = PromptTuningConfig(
        task_type=TaskType.SEQ_2_SEQ_LM, num_virtual_tokens=PROMPT_TOKENS, num_transformer_submodules=1
    )
    model = get_peft_model(model, settings).train()
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.2)
    times = []
    for step in range(STEPS):
        batch = [rows[(step * BATCH + place) % len(rows)] for place in range(BATCH)]
        began = time.perf_counter()
        texts = tokenizer([row["text"] for row in batch], padding=True, return_tensors="pt")
        labels = tokenizer([row["label"] for row in batch], padding=True, return_tensors="pt").input_ids
        model(**texts, labels=labels.masked_fill(labels == tokenizer.pad_token_id, -100)).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        times.append(time.perf_counter() - began)
    print(json.dumps({"dtype": str(dtype), "ms_per_step": round(1000 * sorted(times)[STEPS // 2], 1)}))


main()
