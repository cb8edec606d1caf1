"""Passes without gradients on all cores of a CPU: each pass on a core of its own, none waiting for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch


def on_all_cores(jobs: Sequence[Callable[[], None]]) -> None:
    """Do jobs without gradients, as many at a time as torch has threads; a single one gets them all.

    The threads of one pass wait for each other dozens of times per row. Passes of their own never do.

    Args:
        jobs: none depends on another, and no two write to the same place.
    """
    threads = torch.get_num_threads()
    if len(jobs) < 2:
        for job in jobs:
            _without_gradients(job)
        return
    pool = ThreadPoolExecutor(min(threads, len(jobs)), initializer=torch.set_num_threads, initargs=(1,))
    try:
        for done in [pool.submit(_without_gradients, job) for job in jobs]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)  # after a Ctrl-C only the passes at work are waited for
        torch.set_num_threads(threads)  # a thread's own number is its own, but new threads begin with the last one set


def _without_gradients(job: Callable[[], None]) -> None:
    with torch.no_grad():  # a new thread begins with gradients
        job()
