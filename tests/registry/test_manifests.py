"""Manifests survive the disk, and damaged ones are told of with file, line and key."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.registry import (
    BackboneManifest,
    DataSource,
    Manifest,
    Score,
    TaskManifest,
    dump_manifest,
    parse_backbone,
    parse_source,
    parse_task,
)
from crosspt_cli.registry.manifest import STORE_KEYS, dump_task

WHERE = Path("qqp/manifest.yaml")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
COUNT = st.integers(0, 2**60)
DIGESTS = st.dictionaries(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True), HEX, max_size=3)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SOURCES = st.builds(
    Manifest,
    name=TEXT,
    about=TEXT,
    backbone=TEXT,
    fingerprint=HEX,
    prompt_tokens=st.integers(1, 500),
    prompt_layer=st.integers(0, 50),
    width=st.integers(1, 5000),
    task=TEXT,
    data=st.lists(st.builds(DataSource, name=TEXT, licence=TEXT, rows=COUNT), max_size=3).map(tuple),
    score=st.builds(Score, metric=TEXT, value=FINITE, rows=COUNT),
    seed=COUNT,
    command=TEXT,
    sha256=DIGESTS,
    format_version=st.just(1),
)
BACKBONES = st.builds(
    BackboneManifest,
    name=TEXT,
    about=TEXT,
    licence=TEXT,
    width=st.integers(1, 5000),
    fingerprint=HEX,
    sha256=DIGESTS,
    format_version=st.just(1),
)
PLAIN = st.recursive(
    st.none() | st.booleans() | COUNT | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TASKS = st.builds(
    TaskManifest,
    crosspt_version=TEXT,
    created=TEXT,
    sha256=DIGESTS,
    document=st.dictionaries(TEXT.filter(lambda key: key not in STORE_KEYS), PLAIN, max_size=4),
    format_version=st.just(1),
)


@given(SOURCES)
def test_a_source_manifest_comes_back_equal(manifest):
    """A licence or a score that changes on the way would be a false record."""
    assert parse_source(WHERE, dump_manifest(manifest)) == manifest


@given(BACKBONES)
def test_a_backbone_manifest_comes_back_equal(manifest):
    """Labels such as `no`, `1e3` or a line break must not turn into something else."""
    assert parse_backbone(WHERE, dump_manifest(manifest)) == manifest


@given(TASKS)
def test_a_task_document_comes_back_equal(manifest):
    """Class names are the person's: any text may be one."""
    assert parse_task(WHERE, dump_task(manifest)) == manifest


@given(st.binary(max_size=200))
def test_any_bytes_give_a_manifest_or_an_integrity_error(raw):
    """A damaged disk must never give a traceback."""
    with pytest.raises(IntegrityError):
        parse_source(WHERE, raw)


def test_unknown_keys_are_ignored(manifest):
    """A later release may add a key without shutting out this one."""
    raw = dump_manifest(manifest) + b"colour: green\n"
    assert parse_source(WHERE, raw) == manifest


def test_a_manifest_from_the_future_is_refused(manifest):
    """Half understanding a newer format would be worse than refusing it."""
    raw = dump_manifest(dataclasses.replace(manifest, format_version=3))
    with pytest.raises(IntegrityError) as caught:
        parse_source(WHERE, raw)
    assert str(caught.value) == (
        "qqp/manifest.yaml: was written by a newer crosspt (format 3; this one reads 2).\npip install -U crosspt"
    )


def test_every_bad_key_of_a_manifest_is_named_at_once(manifest):
    """Who mends a manifest by hand should not have to run the check once per key."""
    raw = dump_manifest(manifest).replace(b"width: 4\n", b"width: wide\n").replace(b"seed: 7\n", b"")
    raw = raw.replace(b"rows: 40", b"rows: -1")
    with pytest.raises(IntegrityError) as caught:
        parse_source(WHERE, raw)
    assert caught.value.where == "qqp/manifest.yaml line 8"
    assert caught.value.problem == (
        "'width' must be a whole number, not 'wide'; 'rows' is -1, but must be at least 0; 'seed' is missing."
    )


def test_the_line_is_that_of_the_key_inside_its_own_mapping(manifest):
    """`rows` and `name` stand in several places, and only one of them is wrong."""
    lines = dump_manifest(manifest).decode().splitlines()
    number = next(place for place, line in enumerate(lines, 1) if line.strip() == "rows: 40")
    lines[number - 1] = lines[number - 1].replace("40", "many")
    with pytest.raises(IntegrityError) as caught:
        parse_source(WHERE, "\n".join(lines).encode())
    assert str(caught.value).startswith(
        f"qqp/manifest.yaml line {number}: 'rows' must be a whole number, not 'many'.\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("sha256: {}", "sha256: {../x: ab}", "'sha256' names '../x', which is no plain file name."),
        ("sha256: {}", "sha256: {x: ab}", "'sha256' has no hex sha256 of 64 characters for 'x'."),
        ("seed: 7", "seed: 7\nseed: 8", "'seed' stands there twice."),
        ("seed: 7", "seed: true", "'seed' must be a whole number, not True."),
        ("task: paraphrase", "task: 5", "'task' must be a text, not 5."),
        ("score:", "score: none\nwas:", "'score' must be a mapping, not 'none'."),
        ("data:\n", "data: [5]\nwas:\n", "'data' must hold mappings only."),
    ],
)
def test_a_field_of_the_wrong_type_is_named(manifest, old, new, problem):
    """The message must say which key to mend."""
    raw = dump_manifest(manifest).decode()
    assert old in raw
    with pytest.raises(IntegrityError) as caught:
        parse_source(WHERE, raw.replace(old, new).encode())
    assert caught.value.problem == problem


def test_broken_yaml_is_named_with_its_line():
    """A stray bracket is found by its line."""
    with pytest.raises(IntegrityError) as caught:
        parse_source(WHERE, b"format_version: 1\nname: [qqp\n")
    assert caught.value.where == "qqp/manifest.yaml line 3"
    assert caught.value.problem.startswith("this is not YAML: ")


def test_yaml_cannot_run_code():
    """A manifest may come from a stranger."""
    with pytest.raises(IntegrityError):
        parse_source(WHERE, b"format_version: 1\nname: !!python/object/apply:os.system ['exit 1']\n")
