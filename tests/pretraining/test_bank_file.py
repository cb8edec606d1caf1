"""The bank file: every mistake is a sentence that names the file, the source and the key."""

import pytest

from crosspt_cli.foundation.errors import CrossptError, DataError, NotFound, OptionError
from crosspt_cli.pretraining.bank_file import BankSpec, SourceSpec, read_bank

HINT = "docs/sources.md shows a bank file and explains its keys."
SOURCE = "{name: %s, task: t, train: a.csv, held-out: b.csv, licence: CC0-1.0}"
TWO = f"sources:\n  - {SOURCE % 'one'}\n  - {SOURCE % 'two'}\n"
GOOD = f"backbone: mini\nsteps: 7\nsource-rate: 1\n{TWO}"
ONE_KNOWN = "Known: name, task, train, held-out, licence, label-col, text-cols, template, about."
BANK_KNOWN = (
    "Known: backbone, sources, prompt-tokens, prompt-layer, steps, batch, rows, held-out-rows, max-tokens, "
    "source-rate, attention-rate, own-share, seed."
)
BAD = {
    "backbone: [": (DataError, "{path}: is not YAML (while parsing a flow node).\n" + HINT),
    "backbone: mini": (DataError, "{path}: has no list of sources.\n" + HINT),
    "- just\n- a list": (DataError, "{path}: has no list of sources.\n" + HINT),
    "backbone: mini\nsources: []": (DataError, "{path}: has no list of sources.\n" + HINT),
    "backbone: mini\nsources: {a: b}": (DataError, "{path}: has no list of sources.\n" + HINT),
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
        "{path} source 2: must be a mapping of keys to values.\n" + HINT,
    ),
    GOOD.replace("task: t", "tusk: t", 1): (DataError, "{path} source 1: has the unknown key 'tusk'.\n" + ONE_KNOWN),
    GOOD.replace("held-out: b.csv, ", "", 1): (DataError, "{path} source 1: lacks 'held-out'.\n" + HINT),
    GOOD.replace("task: t", "task: 3", 1): (
        DataError,
        "{path} source 1: task is 3, but must be of type str.\n" + HINT,
    ),
    TWO: (DataError, "{path}: lacks 'backbone'.\n" + HINT),
    GOOD.replace("steps: 7", "stops: 7"): (DataError, "{path}: has the unknown key 'stops'.\n" + BANK_KNOWN),
    GOOD.replace("steps: 7", "steps: many"): (
        DataError,
        "{path}: steps is 'many', but must be of type int.\n" + HINT,
    ),
    GOOD.replace("steps: 7", "steps: true"): (DataError, "{path}: steps is True, but must be of type int.\n" + HINT),
    GOOD.replace("rate: 1", "rate: fast"): (
        DataError,
        "{path}: source-rate is 'fast', but must be of type float.\n" + HINT,
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
    with pytest.raises(DataError, match="is not YAML"):
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
