"""Saving, finding, listing and removing: what a person does with a registry."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from registry_samples import H, P, write_backbone

from crosspt_cli.foundation.errors import IntegrityError, NotFound, OptionError
from crosspt_cli.registry import Layer, Registry, verify


def test_a_task_comes_back_as_it_was_saved(registry, save, home):
    """Document, arrays and files are the fitted task."""
    entry = save(5)
    task = registry.load_task("reviews")
    assert task.document == {"classes": ["good", "bad"], "version": 5}
    assert sorted(task.arrays) == ["prompt", "prototypes"]
    assert task.arrays["prompt"].dtype == np.float32
    assert np.array_equal(task.arrays["prompt"], np.full((P, H), 5, np.float32))
    assert task.files == {"study.json": b'{"version": 5}'}
    assert (task.layer, task.path, task.sha256) == ("personal", home / "tasks" / "reviews", entry.sha256)
    assert sorted(path.name for path in task.path.iterdir()) == ["study.json", "task.safetensors", "task.yaml"]


def test_a_task_name_is_taken_until_replaced(registry, save):
    """Known before any training, and still held to after it."""
    registry.check_task_name_free("reviews", replace=False)
    save(1)
    for again in (lambda: registry.check_task_name_free("reviews", replace=False), lambda: save(2)):
        with pytest.raises(OptionError) as caught:
            again()
        assert str(caught.value) == (
            "registry: a task named 'reviews' exists already.\nUse --replace to replace it, or --name for another name."
        )
    save(2, replace=True)
    assert registry.load_task("reviews").document["version"] == 2


def test_an_unknown_task_is_told_with_the_nearest(registry, save):
    """A typing error should cost one look."""
    for number in range(10):
        save(name=f"task-{number}")
    save()
    with pytest.raises(NotFound) as caught:
        registry.load_task("reviws")
    assert str(caught.value) == (
        "registry: no task named 'reviws'; the nearest is 'reviews'.\n'crosspt registry list' shows all 11."
    )


def test_an_empty_registry_says_how_to_begin(registry):
    """The first thing a newcomer may meet."""
    with pytest.raises(NotFound) as caught:
        registry.load_task("reviews")
    assert str(caught.value) == (
        "registry: no task named 'reviews'; there is none yet.\n"
        "'crosspt add-task FILE.csv --label-col COLUMN' makes one."
    )


@pytest.mark.parametrize("name", ["../x", "a/b", "A", "", ".hidden", "a..b", "x" * 65])
def test_a_name_that_leaves_the_registry_is_refused(registry, save, name, home):
    """No name may reach another folder."""
    for use in (registry.load_task, lambda name: save(name=name), lambda name: registry.remove("task", name)):
        with pytest.raises(OptionError):
            use(name)
    assert not home.exists()


def test_a_result_that_is_not_finite_is_not_kept(registry, home):
    """A task of NaNs would answer something for every row."""
    with pytest.raises(ValueError, match="array 'prompt' has values that are not finite"):
        registry.save_task("reviews", {}, {"prompt": np.array([np.nan])}, {}, False)
    assert not home.exists()


def test_a_document_may_not_use_the_stores_keys(registry):
    """A digest given by the caller would be no digest."""
    with pytest.raises(ValueError, match="sha256"):
        registry.save_task("reviews", {"sha256": {}}, {}, {}, False)


@pytest.mark.parametrize("name", ["task.yaml", "task.safetensors", "../x", ".x", "a/b"])
def test_a_task_file_lies_in_its_folder(registry, name):
    """The calling code cannot write elsewhere, nor over the store's own files."""
    with pytest.raises(ValueError):
        registry.save_task("reviews", {}, {}, {name: "x"}, False)


def test_a_source_prompt_comes_back_as_it_was_saved(registry, manifest, values, tiny):
    """Prompts are float32, bit for bit."""
    registry.add_source(values, manifest)
    for backbone in ("tiny", tiny):
        prompt = registry.load_source("qqp", backbone)
        assert prompt.values.tobytes() == values.tobytes()
        assert dataclasses.replace(prompt.manifest, sha256={}) == manifest


def test_a_prompt_of_another_width_is_refused(registry, manifest, values):
    """The commonest mistake with prompts, named with both widths."""
    registry.add_source(values, dataclasses.replace(manifest, name="ours"))
    wide = registry.add_backbone("wide", lambda path: write_backbone(path, 6), about="", licence="").manifest
    with pytest.raises(IntegrityError) as caught:
        registry.load_source("ours", wide)
    assert str(caught.value) == (
        "tiny/ours: this prompt is 4 wide, and wide is 6 wide.\n"
        "It was trained for tiny. Pass --backbone tiny, or leave it out."
    )


def test_a_prompt_of_other_weights_of_equal_width_is_refused(registry, manifest, values, tiny):
    """Shapes that fit would otherwise give nonsense in silence."""
    registry.add_source(values, dataclasses.replace(manifest, name="ours"))
    other = registry.add_backbone("other", lambda path: write_backbone(path, seed=1), about="", licence="").manifest
    with pytest.raises(IntegrityError) as caught:
        registry.load_source("ours", "other")
    assert caught.value.where == "tiny/ours"
    assert caught.value.problem == (
        "this prompt is 4 wide as other is, but was trained on other weights "
        f"(fingerprint {tiny.fingerprint[:12]}…, not {other.fingerprint[:12]}…): not interchangeable."
    )


def test_a_backbone_under_another_name_keeps_its_prompts(registry, manifest, values):
    """Prompts belong to weights, not to what a folder is called."""
    registry.add_source(values, manifest)
    copy = registry.add_backbone("copy", write_backbone, about="", licence="").manifest
    assert registry.load_source("qqp", copy).manifest.name == "qqp"
    assert [entry.name for entry in registry.sources(fingerprint=copy.fingerprint)] == ["qqp"]


def test_prompts_of_a_hub_backbone_are_found_by_its_id(registry, manifest, values):
    """A hub id has a slash, and no folder can."""
    hub = dataclasses.replace(manifest, backbone="google-t5/t5-small", fingerprint="ab" * 32)
    entry = registry.add_source(values, hub)
    assert entry.title == "google-t5-t5-small/qqp"
    assert registry.source("qqp", "google-t5/t5-small").manifest.fingerprint == "ab" * 32
    assert [entry.name for entry in registry.sources(backbone="google-t5/t5-small")] == ["qqp"]


def test_an_unknown_source_is_told_with_the_nearest(registry, manifest, values):
    """As for tasks."""
    registry.add_source(values, manifest)
    with pytest.raises(NotFound) as caught:
        registry.load_source("qpq", "tiny")
    assert str(caught.value) == (
        "registry: no source prompt named 'qpq' for tiny; the nearest is 'qqp'.\n"
        "'crosspt registry list --all' shows all 1."
    )


def test_a_personal_entry_hides_a_shipped_one_until_removed(tmp_path, values, manifest):
    """The person's own wins, and the listing says so."""
    layers = (Layer("personal", tmp_path / "mine"), Layer("shipped", tmp_path / "theirs"))
    theirs, both = Registry(layers[1:]), Registry(layers)
    theirs.add_backbone("tiny", write_backbone, about="", licence="")
    theirs.add_source(values, manifest)
    with pytest.raises(OptionError, match="a source prompt named 'tiny/qqp' exists already"):
        both.add_source(values + 1, manifest)
    both.add_source(values + 1, manifest, replace=True)
    assert [(entry.title, entry.layer) for entry in both.sources()] == [("tiny/qqp", "personal")]
    assert np.array_equal(both.load_source("qqp", "tiny").values, values + 1)
    both.remove("source", "tiny/qqp")
    assert [(entry.title, entry.layer) for entry in both.sources()] == [("tiny/qqp", "shipped")]
    with pytest.raises(OptionError, match="ships with crosspt and cannot be removed"):
        both.remove("source", "tiny/qqp")


def test_removing_leaves_nothing_but_the_lock(registry, save, home):
    """Removed means gone, and the name is free."""
    save()
    registry.remove("task", "reviews")
    assert registry.tasks() == ()
    assert list((home / "tasks").iterdir()) == []
    assert verify(registry) == ()
    save()


def test_find_looks_in_every_kind(registry, save, manifest, values):
    """`registry show NAME` does not ask for the kind."""
    registry.add_source(values, manifest)
    save(name="tiny")
    assert [(entry.kind, entry.title) for entry in registry.find("tiny")] == [("backbone", "tiny"), ("task", "tiny")]
    assert [entry.kind for entry in registry.find("tiny/qqp")] == ["source"]
    with pytest.raises(NotFound, match="no entry named 'qqqp'; the nearest is 'qqp'"):
        registry.find("qqqp")


def test_a_damaged_entry_is_listed_as_such(registry, save, home):
    """One bad file must not hide the others."""
    save()
    save(name="other")
    (home / "tasks" / "reviews" / "task.yaml").write_text("format_version: 1\n")
    other, reviews = registry.tasks()
    assert (other.problem, reviews.manifest) == ("", None)
    assert "task.yaml line 1: 'crosspt_version' is missing" in reviews.problem


def test_the_shipped_backbone_is_listed(registry):
    """Without it nothing can be onboarded offline."""
    mini = registry.backbone("mini")
    assert (mini.layer, mini.manifest.width) == ("shipped", 416)
    assert "mini" in [entry.name for entry in registry.backbones()]


def test_a_registry_can_be_copied(registry, save, tmp_path, home):
    """Backing up is copying a folder."""
    save()
    home.rename(tmp_path / "elsewhere")
    assert Registry.open(tmp_path / "elsewhere").load_task("reviews").document["version"] == 1


def test_listing_imports_nothing_heavy(save):
    """`crosspt registry list` must answer within 0.4 s."""
    save()
    code = (
        "import sys; from crosspt_cli.registry import Registry; r = Registry.open();"
        "print(len(r.tasks()), len(r.backbones()) > 0, r.sources() is not None,"
        "[m for m in ('numpy', 'safetensors', 'filelock', 'torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "1 True True []\n"


def test_an_entry_has_the_manifest_of_its_own_kind_only(registry, save):
    """Reading a task as a source prompt, or what a damaged manifest should say, must stop at once."""
    entry = save()
    assert entry.task.document["classes"] == ["good", "bad"]
    assert entry.file_digests == entry.manifest.sha256
    with pytest.raises(TypeError, match="task reviews has no Manifest: another kind"):
        _ = entry.source
    damaged = dataclasses.replace(entry, manifest=None, problem="it is damaged.")
    for read in (lambda: damaged.task, lambda: damaged.file_digests):
        with pytest.raises(TypeError, match=r"task reviews has no .*: it is damaged\."):
            read()
