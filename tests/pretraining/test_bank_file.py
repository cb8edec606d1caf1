"""The bank file: every mistake is a sentence that names the file, the line, the source and the key."""

import pytest

from crosspt_cli.foundation.errors import CrossptError, DataError, NotFound, OptionError
from crosspt_cli.pretraining.bank_file import BankSpec, SourceSpec, read_bank

HINT = "docs/sources.md shows a bank file and explains its keys."
SOURCE = "{name: %s, task: t, train: a.csv, held-out: b.csv, licence: CC0-1.0}"
TWO = f"sources:\n  - {SOURCE % 'one'}\n  - {SOURCE % 'two'}\n"
GOOD = f"backbone: mini\nsteps: 7\nsource-rate: 1\n{TWO}"
BAD = {
    "backbone: [": (
        DataError,
        "{path} line 1: this is not YAML: expected the node content, but found '<stream end>'.\n" + HINT,
    ),
    "# to be written": (DataError, "{path}: the file is empty.\n" + HINT),
    "backbone: mini": (DataError, "{path} line 1: the bank lacks the key 'sources'.\n" + HINT),
    "- just\n- a list": (DataError, "{path} line 1: the bank must be 'key: value' lines.\n" + HINT),
    "backbone: mini\nsources: []": (
        DataError,
        "{path} line 2: 'sources' must be a list with at least one entry.\n" + HINT,
    ),
    "backbone: mini\nsources: {a: b}": (
        DataError,
        "{path} line 2: 'sources' must be a list with at least one entry.\n" + HINT,
    ),
    f"backbone: mini\nsources:\n  - {SOURCE % 'one'}\n": (
        DataError,
        "{path}: needs two sources or more, each with a name of its own.\n" + HINT,
    ),
    f"backbone: mini\nsources:\n  - {SOURCE % 'one'}\n  - {SOURCE % 'one'}\n": (
        DataError,
        "{path}: needs two sources or more, each with a name of its own.\n" + HINT,
    ),
    f"backbone: mini\nsources:\n  - {SOURCE % 'one'}\n  - sst2\n": (
        DataError,
        "{path} line 4: source 2 must be 'key: value' lines.\n" + HINT,
    ),
    GOOD.replace("task: t", "tusk: t", 1): (
        DataError,
        "{path}: 2 problems.\n"
        "  line 5: source 1 has no key 'tusk'; the nearest is 'task'.\n"
        "  line 5: source 1 lacks the key 'task'.\n" + HINT,
    ),
    GOOD.replace("held-out: b.csv, ", "", 1): (
        DataError,
        "{path} line 5: source 1 lacks the key 'held-out'.\n" + HINT,
    ),
    GOOD.replace("task: t", "task: [t]", 1): (DataError, "{path} line 5: 'task' of source 1 must be text.\n" + HINT),
    GOOD.replace("licence:", "text-cols: body, licence:", 1): (
        DataError,
        "{path} line 5: 'text-cols' of source 1 must be a list with at least one entry.\n" + HINT,
    ),
    TWO: (DataError, "{path} line 1: the bank lacks the key 'backbone'.\n" + HINT),
    GOOD.replace("steps: 7", "stops: 7"): (
        DataError,
        "{path} line 2: the bank has no key 'stops'; the nearest is 'steps'.\n" + HINT,
    ),
    GOOD.replace("steps: 7", "steps: 7\nsteps: 8"): (
        DataError,
        "{path} line 3: the bank has the key 'steps' twice.\n" + HINT,
    ),
    GOOD.replace("steps: 7", "steps: many"): (
        DataError,
        "{path} line 2: 'steps' of the bank is 'many', but must be a number of at least 1.\n" + HINT,
    ),
    GOOD.replace("steps: 7", "steps: true").replace("rate: 1", "rate: fast"): (
        DataError,
        "{path}: 2 problems.\n"
        "  line 2: 'steps' of the bank is 'true', but must be a number of at least 1.\n"
        "  line 3: 'source-rate' of the bank is 'fast', but must be a number of at least 0.\n" + HINT,
    ),
    GOOD.replace("steps: 7", "own-share: 1"): (
        DataError,
        "{path}: own-share is 1, but must lie between 0 and 1.\n" + HINT,
    ),
    GOOD.replace("name: one", "name: ../one"): (
        OptionError,
        "source prompt name '../one': names have 1 to 64 of a-z, 0-9, '.', '_' and '-', "
        "and start with a letter or digit.\n'one' would do.",
    ),
}


@pytest.mark.parametrize(("content", "wanted"), BAD.items(), ids=range(len(BAD)))
def test_a_mistake_in_a_bank_file_is_named(content, wanted, tmp_path):
    """The whole message."""
    path = tmp_path / "bank.yaml"
    path.write_text(content)
    with pytest.raises(CrossptError) as caught:
        read_bank(path)
    assert (type(caught.value), str(caught.value)) == (wanted[0], wanted[1].replace("{path}", str(path)))


def test_a_bank_file_that_is_not_there_is_named(tmp_path):
    """A typing error in its name."""
    with pytest.raises(NotFound) as caught:
        read_bank(tmp_path / "bank.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/bank.yaml: there is no such file.\nName a bank file; docs/sources.md shows one."
    )


def test_a_bank_file_that_is_no_text_is_named(tmp_path):
    """A safetensors file in its place."""
    (tmp_path / "bank.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError, match="byte 1 is not UTF-8"):
        read_bank(tmp_path / "bank.yaml")


def test_every_key_is_read_and_the_rest_has_defaults(tmp_path):
    """Kebab-case keys become fields."""
    path = tmp_path / "bank.yaml"
    path.write_text(GOOD.replace("licence: CC0-1.0", "licence: CC0-1.0, text-cols: [a, b], label-col: y", 1))
    assert read_bank(path) == BankSpec(
        backbone="mini",
        steps=7,
        source_rate=1,
        sources=(
            SourceSpec("one", "t", "a.csv", "b.csv", "CC0-1.0", label_col="y", text_cols=("a", "b")),
            SourceSpec("two", "t", "a.csv", "b.csv", "CC0-1.0"),
        ),
    )


def test_the_committed_bank_file_is_read():
    """The recipe that ships."""
    from pathlib import Path

    spec = read_bank(Path(__file__).parents[2] / "recipes" / "sources" / "bank.yaml")
    assert spec.backbone == "mini"
    assert len(spec.sources) >= 12
    assert all(source.licence and source.about for source in spec.sources)
