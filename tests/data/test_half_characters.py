"""Half a character stops with its line, before anything downstream fails without one."""

from __future__ import annotations

import json

import pytest

from crosspt_cli.data import open_stream, read_csv
from crosspt_cli.foundation.errors import DataError

HALF = '{"text": "a \\ud83d cat", "y": "a"}'
SENTENCE = (
    "f.jsonl line 2: has half a character (\\ud83d), which no encoding can write.\n"
    "Write the whole character, or leave it out."
)


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(*lines: str) -> str:
    with open("f.jsonl", "w") as handle:
        handle.writelines(line + "\n" for line in lines)
    return "f.jsonl"


@pytest.mark.parametrize("line", [HALF, '{"text": "a", "y": "\\uD83D"}', '{"text": "a", "y": "b", "k\\ud83d": [1]}'])
def test_half_a_character_in_a_record_is_named_with_its_line(line):
    """In a text, a label or a key: exports cut emoji in two."""
    path = written('{"text": "good", "y": "a"}', line)
    for read in (lambda: read_csv(path, "y"), lambda: list(open_stream(path, (), ("text",)))):
        with pytest.raises(DataError) as caught:
            read()
        assert str(caught.value) == SENTENCE


def test_a_whole_character_written_as_two_escapes_is_read():
    """Most JSON libraries write emoji so."""
    path = written(json.dumps({"text": "a 🐈 cat"}))
    assert [row.texts for row in open_stream(path, (), ("text",))] == [("a 🐈 cat",)]
