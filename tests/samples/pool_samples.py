"""Rows without labels beside the samples of a study."""

from dataclasses import replace

import numpy as np
from hf_reference import END

from crosspt_cli.core.encode import encode_texts
from crosspt_cli.core.read import read_alone
from crosspt_cli.search.pooling import usable_pool


def pool_texts(task, count: int = 40):
    """Return rows without labels of the task's kind: their class shows in one token, as the labelled rows' does."""
    random = np.random.default_rng(9)
    ids = [[*random.integers(2, 64, 2 + row % 5).tolist(), 30 + row % 3 // 2, END] for row in range(count)]
    return read_alone(task.backbone, encode_texts(ids, task.backbone.device), 0, 10_000)


def with_rows(task, count: int = 40, possible: int = 40):
    """Return the task with a pool."""
    pool = usable_pool(pool_texts(task, count), possible, task.vectors, task.labels, 2)
    return replace(task, pool=pool)
