"""Every result goes to JSON and back by one way: what is written, what is read, and what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

from crosspt_cli.evidence.intervals import Estimate
from crosspt_cli.foundation.records import Key, plain, read


@dataclass(frozen=True)
class Inner:
    """Two numbers, one of them as it is."""

    RECORD: ClassVar = (Key("exact", digits=None), "rounded")

    exact: float
    rounded: float


@dataclass(frozen=True)
class Outer:
    """One of everything that results are made of."""

    RECORD: ClassVar = (
        Key("inner", inline=True),
        Key("rate", "growth.rate"),
        Key("rows", "growth.rows"),
        "gain",
        "state",
        "folder",
        "named",
        "numbered",
        "perhaps",
        "drawn",
        "double",
    )

    inner: Inner
    rate: float
    rows: int
    gain: Estimate
    state: Literal["complete", "failed"]
    folder: Path
    named: dict[str, Inner]
    numbered: dict[int, int]
    perhaps: tuple[Inner, ...] | None
    drawn: np.ndarray
    elsewhere: np.ndarray
    hopeful: bool = True

    @property
    def double(self) -> int:
        """Written, and computed again when read."""
        return 2 * self.rows


MADE = Outer(
    Inner(0.123456, 0.123456), 0.5, 3, Estimate(0.1, 0.01234567, 0.2), "complete", Path("a/b"),
    {"x": Inner(1.0, 2.0)}, {4: 1}, None, np.array([1.0, 0.25]), np.ones(5),
)  # fmt: skip
WRITTEN = {
    "exact": 0.123456,
    "rounded": 0.1235,
    "growth": {"rate": 0.5, "rows": 3},
    "gain": 0.1,
    "interval": [0.0123, 0.2],
    "state": "complete",
    "folder": "a/b",
    "named": {"x": {"exact": 1.0, "rounded": 2.0}},
    "numbered": [[4, 1]],
    "perhaps": None,
    "drawn": [1.0, 0.25],
    "double": 6,
}


def test_what_is_written_is_what_its_declaration_says():
    """Keys, order and digits: scripts read them."""
    assert json.dumps(plain(MADE)) == json.dumps(WRITTEN)


def test_what_was_written_is_read_back():
    """By way of JSON; an array that is kept elsewhere is empty, and what has a default keeps it."""
    again = read(Outer, json.loads(json.dumps(WRITTEN)), "file.json")
    assert plain(again) == WRITTEN
    assert (again.inner, again.gain, again.folder) == (Inner(0.123456, 0.1235), Estimate(0.1, 0.0123, 0.2), Path("a/b"))
    assert (again.numbered, again.perhaps, again.hopeful) == ({4: 1}, None, True)
    assert (again.drawn.tolist(), again.elsewhere.size) == ([1.0, 0.25], 0)


def test_a_number_that_json_has_no_word_for_is_nan_again():
    """A candidate that failed has no score; its null must not stop the report of the others."""
    assert np.isnan(read(Inner, {"exact": None, "rounded": 1}, "file.json").exact)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rounded": "much"}, "file.json.rounded is 'much', but must be a number"),
        ({"growth": {"rate": 0.5}}, "file.json.growth.rows is missing"),
        ({"growth": 3}, "file.json.growth is 3, but must be an object"),
        ({"growth": {"rate": 0.5, "rows": True}}, "file.json.growth.rows is True, but must be a whole number"),
        ({"interval": None}, "file.json.gain is no number with its interval"),
        ({"state": "lost"}, "file.json.state is 'lost', but must be one of 'complete', 'failed'"),
        ({"named": {"x": []}}, "file.json.named.x is [], but must be an object"),
        ({"perhaps": [{"exact": 1.0}]}, "file.json.perhaps[0].rounded is missing"),
        ({"folder": 1}, "file.json.folder is 1, but must be text"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(changed, said):
    """A file that was written by hand or by another version is long."""
    with pytest.raises(ValueError) as caught:
        read(Outer, WRITTEN | changed, "file.json")
    assert str(caught.value) == said
