"""Results as lines of JSON: what was measured is kept at once, and a script that is started again goes on after it."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

OLDER = {"pool": 0}  # what lines were measured with that are older than the key


class Job(Protocol):
    """One line to measure."""

    @property
    def key(self) -> dict:
        """What is this line's alone, by the names that it has in the line."""


def read_lines(path: Path) -> list[dict]:
    """Return the finished lines of a results file, without those that say which machine and commit they are from."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if '"target"' in line]


def is_of(line: dict, job: Job) -> bool:
    """Return whether a line is the one that a job would be measured as."""
    return job.key.items() <= (OLDER | line).items()


def measure_missing(jobs: Sequence[Job], measure: Callable[[Job], dict], out: Path, workers: int) -> list[dict]:
    """Return the lines of all jobs; those that are not in the file yet are measured and appended.

    Args:
        jobs: in the order to measure them.
        measure: from a job to its line, in a process of its own; the job's key is added.
        out: the results file.
        workers: processes, one thread each.
    """
    known = read_lines(out)
    missing = [job for job in jobs if not any(is_of(line, job) for line in known)]
    if missing:
        _measure(missing, measure, out, workers)
    lines = read_lines(out)
    return [line for job in jobs for line in lines if is_of(line, job)]


def _measure(jobs: Sequence[Job], measure: Callable[[Job], dict], out: Path, workers: int) -> None:
    from machine import describe

    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a") as handle:  # again for each run: what follows may be of another commit
        print(json.dumps({"machine": describe(), "workers": workers, "threads": 1}), file=handle)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool, out.open("a") as handle:
        waiting = {pool.submit(measure, job): job for job in jobs}
        for future in as_completed(waiting):
            line = json.dumps(waiting[future].key | future.result())
            print(line, file=handle, flush=True)
            print(line[:200], file=sys.stderr, flush=True)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
