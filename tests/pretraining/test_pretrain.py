"""A bank of source prompts: trained together, resumable, and saved with all that is known of it."""

from dataclasses import replace

import numpy as np
import pytest
from onboarding_samples import TEXTS, digests, kept, write_csv

from crosspt_cli.foundation.errors import CrossptError, DataError, IntegrityError, NotFound, OptionError, StorageError
from crosspt_cli.onboarding.study_input import load_sources
from crosspt_cli.pretraining import pretrain as pretraining
from crosspt_cli.pretraining.pretrain import PretrainedSource, pretrain
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.registry import dump_arrays, read_arrays, verify

EXACT = {"device": "cpu", "dtype": "fp32"}


def run(bank_folder, registry, **more):
    return pretrain(bank_folder / "bank.yaml", bank_folder, registry=registry, **{**EXACT, **more})


def prompts(registry) -> dict[str, np.ndarray]:
    return {name: registry.load_source(name, "tiny").values for name in ("mood", "kind")}


def test_every_source_is_saved_with_its_manifest(bare, bank_folder, backbone):
    """What it is for, what it was trained on and under which licence, how good it is, and the command that made it."""
    bank = run(bank_folder, bare)
    assert (bank.backbone, bank.steps) == ("tiny", 6)
    for source, licence, about in zip(
        bank.sources, ("CC0-1.0", "CC-BY-4.0"), ("Moods.", "Source prompt for topic."), strict=True
    ):
        manifest = bare.source(source.name, "tiny").manifest
        assert (manifest.backbone, manifest.fingerprint) == ("tiny", backbone.fingerprint)
        assert (manifest.prompt_tokens, manifest.width, manifest.seed) == (4, 32, 0)
        assert (manifest.task, manifest.about) == (source.task, about)
        assert [(data.name, data.licence, data.rows) for data in manifest.data] == [(source.name, licence, 12)]
        assert (manifest.score.metric, manifest.score.rows) == ("accuracy", 12)
        assert manifest.score.value == pytest.approx(source.accuracy, abs=1e-4)
        assert manifest.command == "crosspt registry pretrain bank.yaml --data DATA"
        assert 0.3 < source.own_share < 0.7
    assert [source.majority for source in bank.sources] == pytest.approx([1 / 2, 1 / 3])
    assert verify(bare) == ()


def test_a_bank_is_trained_for_another_backbone_than_its_file_names(bare, bank_folder, tmp_path):
    """One bank file serves every backbone, and the manifest's command says for which it was run."""
    bank = tmp_path / "bank.yaml"
    bank.write_text((bank_folder / "bank.yaml").read_text().replace("backbone: tiny", "backbone: elsewhere"))
    with pytest.raises(NotFound, match="elsewhere"):
        pretrain(bank, bank_folder, registry=bare, **EXACT)
    assert pretrain(bank, bank_folder, registry=bare, backbone="tiny", **EXACT).backbone == "tiny"
    manifest = bare.source("mood", "tiny").manifest
    assert manifest.command == "crosspt registry pretrain bank.yaml --data DATA --backbone tiny"


def test_an_interrupted_run_goes_on_where_it_was(bare, bank_folder, home, monkeypatch):
    """And ends with the bits of a run that nothing interrupted."""
    whole = run(bank_folder, bare)
    wanted, steps = prompts(bare), []

    def interrupt(stage, done, total, detail):
        steps.append(done)
        if len(steps) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "SAVE_EVERY_S", 0.0)
    before = kept(home)
    with pytest.raises(KeyboardInterrupt):
        run(bank_folder, bare, replace=True, progress=interrupt)
    after = kept(home)
    assert {name: after[name] for name in before} == before
    assert [name.split("/")[0] for name in after.keys() - before.keys()] == ["pretrain"]
    resumed = run(bank_folder, bare, replace=True, progress=interrupt)
    assert steps == [1, 2, 3, 4, 4, 5, 6]
    assert resumed.sources == whole.sources
    assert resumed.loss == pytest.approx(whole.loss, abs=1e-6)
    found = prompts(bare)
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
    assert list((home / "pretrain").iterdir()) == []


def test_another_bank_does_not_go_on_from_this_ones_checkpoint(bare, bank_folder, home, monkeypatch, tmp_path):
    """A changed setting is a new run."""
    monkeypatch.setattr(pretraining, "SAVE_EVERY_S", 0.0)

    def interrupt(stage, done, total, detail):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(bank_folder, bare, progress=interrupt)
    changed, steps = tmp_path / "bank.yaml", []
    changed.write_text((bank_folder / "bank.yaml").read_text().replace("batch: 4", "batch: 5"))
    pretrain(changed, bank_folder, registry=bare, progress=lambda stage, done, *rest: steps.append(done), **EXACT)
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_damaged_checkpoint_is_named(bare, bank_folder, home, monkeypatch):
    """With the remedy; nothing is trained on noise."""
    monkeypatch.setattr(pretraining, "SAVE_EVERY_S", 0.0)

    def interrupt(stage, done, total, detail):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(bank_folder, bare, progress=interrupt)
    (file,) = (home / "pretrain").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(IntegrityError) as caught:
        run(bank_folder, bare)
    assert str(caught.value) == (
        f"{file}: is a damaged checkpoint of a bank in training.\nDelete it to start that bank again."
    )


def test_a_source_starts_at_the_prompt_of_its_name(bare, bank_folder, home, monkeypatch, tmp_path):
    """What a backbone's own training left need not be learned again; a source without one starts at the mean."""
    monkeypatch.setattr(pretraining, "SAVE_EVERY_S", 0.0)
    start = tmp_path / "start.safetensors"
    start.write_bytes(dump_arrays({"kind": np.full((4, 32), 5.0), "other": np.full((4, 32), 1.0)}))

    def interrupt(stage, done, total, detail):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(bank_folder, bare, start=start, progress=interrupt)
    (file,) = (home / "pretrain").iterdir()
    assert read_arrays(file)["sources"].mean((1, 2)) == pytest.approx([3, 5], abs=0.2)


def test_a_start_is_the_mean_of_the_prompts_in_a_file(bare, bank_folder, tmp_path):
    """And of the right shape, or refused."""
    start = tmp_path / "start.safetensors"
    start.write_bytes(dump_arrays({"a": np.ones((4, 32)), "b": np.zeros((4, 32))}))
    run(bank_folder, bare, start=start)
    assert bare.source("mood", "tiny").manifest.command.endswith("--data DATA --start start.safetensors")
    assert abs(prompts(bare)["mood"].mean() - 0.5) < 0.2
    start.write_bytes(dump_arrays({"a": np.ones((5, 32))}))
    with pytest.raises(IntegrityError) as caught:
        run(bank_folder, bare, start=start, replace=True)
    assert str(caught.value) == (
        f"{start}: holds prompts of other shapes than 4 tokens × width 32.\n"
        "Change prompt-tokens in the bank file, or leave --start out."
    )
    with pytest.raises(NotFound) as caught:
        run(bank_folder, bare, start=tmp_path / "absent", replace=True)
    assert str(caught.value) == (
        f"{tmp_path}/absent: there is no such file.\nName a safetensors file of prompts, or leave --start out."
    )


def test_sources_that_exist_are_not_replaced_unasked(full, bank_folder, home):
    """Tasks were made with them."""
    before = kept(home)
    with pytest.raises(OptionError) as caught:
        run(bank_folder, full)
    assert str(caught.value) == (
        "registry: a source prompt named 'tiny/kind' exists already.\n"
        "Use --replace to replace it, or change its name in the bank file."
    )
    assert kept(home) == before


def other_bank(bank_folder, path, *lines: str):
    """Write a bank file of other names, with these lines for its prompts' length and layer, and return its path."""
    text = (
        (bank_folder / "bank.yaml")
        .read_text()
        .replace("name: mood", "name: temper")
        .replace("name: kind", "name: sort")
    )
    path.write_text(text.replace("prompt-tokens: 4\n", "".join(f"{line}\n" for line in lines)))
    return path


def test_a_bank_that_leaves_the_shape_of_its_prompts_open_can_be_mixed_with_what_is_there(full, bank_folder, tmp_path):
    """Whoever adds a source need not know the length and layer of those that ship."""
    bank = pretrain(other_bank(bank_folder, tmp_path / "more.yaml"), bank_folder, registry=full, **EXACT)
    manifest = full.source("temper", "tiny").manifest
    assert (manifest.prompt_tokens, manifest.prompt_layer) == (4, 0)
    assert not [note for note in bank.notes if "mix" in note]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "prompt-tokens: 5",
            "These prompts will have 5 tokens before layer 0, and most others of tiny have 4 before layer 0; a task "
            "can only mix prompts of one length and layer. 'crosspt add-task' will use the others, and none of these. "
            "To mix them: leave prompt-tokens and prompt-layer out of the bank file.",
        ),
        (
            "prompt-layer: 1",
            "These prompts will have 4 tokens before layer 1, and most others of tiny have 4 before layer 0; a task "
            "can only mix prompts of one length and layer. 'crosspt add-task' will use the others, or these with "
            "--prompt-layer 1. To mix them: leave prompt-tokens and prompt-layer out of the bank file.",
        ),
    ],
)
def test_a_bank_that_no_task_could_mix_is_told_of_before_training(line, wanted, full, bank_folder, tmp_path):
    """Not after hours, by a task that leaves its sources out."""
    told, happened = [], []
    bank = pretrain(
        other_bank(bank_folder, tmp_path / "more.yaml", line),
        bank_folder,
        registry=full,
        tell=lambda note: (told.append(note), happened.append("told")),
        progress=lambda *step: happened.append("trained"),
        **EXACT,
    )
    assert told[0] == wanted
    assert happened[:2] == ["told", "trained"]
    assert bank.notes == tuple(told)
    used = load_sources(full, open_backbone("tiny", full, "cpu", "fp32"))
    assert (used.names, used.left_out) == (("kind", "mood"), ("sort", "temper"))


def test_a_source_that_answers_no_better_than_its_most_frequent_class_is_told_of(bare, bank_folder):
    """Six steps teach nothing much: what the table shows is said in a sentence, and only for those."""
    bank = run(bank_folder, bare)
    useless = [source for source in bank.sources if source.accuracy <= source.majority]
    assert [note.split("'")[1] for note in bank.notes] == [source.name for source in useless]
    weak = PretrainedSource("mood", "sentiment", accuracy=0.43, majority=0.5, rows=12, own_share=0.5)
    assert pretraining.useless_notes([weak, replace(weak, accuracy=0.6)]) == (
        "Source prompt 'mood' answers 43.0% of its held-out rows rightly, where always answering the most frequent "
        "class answers 50.0%. It is saved; 'crosspt registry rm mood' removes it.",
    )


def test_a_bank_that_could_not_be_saved_is_not_trained_again(bare, bank_folder, home, monkeypatch):
    """A full disk at the end: nothing of the bank is there, and the same command saves it without a step."""

    def full_disk(*arguments, **more):
        raise StorageError("registry", "cannot be written (No space left on device).")

    monkeypatch.setattr(type(bare), "add_sources", full_disk)
    with pytest.raises(StorageError):
        run(bank_folder, bare)
    assert bare.sources(backbone="tiny") == ()
    monkeypatch.undo()
    run(bank_folder, bare, progress=lambda *step: pytest.fail("trained again"))
    assert [entry.name for entry in bare.sources(backbone="tiny")] == ["kind", "mood"]
    assert list((home / "pretrain").iterdir()) == []


def test_the_names_of_a_bank_are_reserved_while_it_trains(bare, bank_folder, home):
    """Whoever would take one meanwhile is told at once, instead of being replaced hours later."""
    locks = []

    def look(*step):
        locks.extend(path.name for path in sorted((home / "locks" / "sources" / "tiny").glob("*.holder")))

    run(bank_folder, bare, progress=look)
    assert locks[:2] == ["kind.holder", "mood.holder"]


@pytest.mark.parametrize(
    ("held_out", "kind"), [(("sport", "food"), DataError), (("sport", "food", "music"), DataError), (None, NotFound)]
)
def test_held_out_rows_that_do_not_fit_are_found_before_training(held_out, kind, bare, bank_folder, home, tmp_path):
    """As many classes are not the same classes; and nothing is learned of it after hours."""
    before = kept(home)
    text = (bank_folder / "bank.yaml").read_text().replace("held-out: kind.csv", f"held-out: {tmp_path}/other.csv")
    (tmp_path / "bank.yaml").write_text(text)
    if held_out:
        write_csv(tmp_path / "other.csv", TEXTS[:12], held_out)
    with pytest.raises(kind) as caught:
        pretrain(
            tmp_path / "bank.yaml", bank_folder, registry=bare, progress=lambda *step: pytest.fail("trained"), **EXACT
        )
    if held_out:
        assert str(caught.value) == (
            f"bank: source 'kind' has other classes in {tmp_path}/other.csv than in kind.csv.\n"
            "Give both files two rows or more of every class."
        )
    assert kept(home) == before


def test_training_a_bank_leaves_the_backbone_as_it_was(bare, bank_folder, home):
    """On disk."""
    before = digests(home / "backbones")
    run(bank_folder, bare)
    assert digests(home / "backbones") == before


def test_prompts_of_one_backbone_are_refused_by_another(full, backbone):
    """Keyed by the fingerprint."""
    other = replace(backbone, name="other", fingerprint="0" * 64)
    with pytest.raises(CrossptError) as caught:
        full.load_source("mood", other)
    assert caught.value.exit_code == 5
    assert str(caught.value) == (
        "tiny/mood: this prompt is 32 wide as other is, but was trained on other weights "
        f"(fingerprint {backbone.fingerprint[:12]}…, not 000000000000…): not interchangeable.\n"
        "It was trained for tiny. Pass --backbone tiny, or leave it out."
    )
    assert full.sources(fingerprint=other.fingerprint) == ()
