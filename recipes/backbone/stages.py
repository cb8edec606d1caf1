"""The stages in their order, and what each leaves behind."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, BertModel, T5Config, T5ForConditionalGeneration

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.checkpoint import checkpoint_of
from crosspt_cli.core.devices import choose_dtype
from crosspt_cli.core.frozen_t5 import FrozenT5
from crosspt_cli.core.tokenizer import read_tokenizer
from recipes.backbone import convert, vocabulary
from recipes.backbone.alike import KnownTexts, choose_texts, know_texts
from recipes.backbone.blend import blend
from recipes.backbone.card import write_card
from recipes.backbone.curves import draw_curves
from recipes.backbone.distil import Teacher
from recipes.backbone.heal import Pool, heal
from recipes.backbone.joint import Joint, frequent_words
from recipes.backbone.probe import probe
from recipes.backbone.settings import Settings
from recipes.backbone.shorten import Parent, keep_layers
from recipes.backbone.store import TokenTexts, load_corpus, load_sets, save_texts
from recipes.backbone.student import Student
from recipes.backbone.tasks import Asker, load_phrasings
from recipes.backbone.texts import MeasuredTexts, read_paragraphs, read_rows, read_sets

NAMES = ("texts", "convert", "heal", "alike", "joint", "probe", "export")
CODE_WORDS = 400  # frequent short words that may stand for an answer
PROBE_ROWS = 1500
ALIKE_FILE = "alike.npz"


class Recipe:
    """A backbone in the making.

    Args:
        settings: what to make.
        encoder: folder of the teacher: `model.safetensors`, `config.json`, `tokenizer.json`.
        stronger: the same of a second encoder with the same word pieces; None where the settings do without.
        data: folder with `sources`, `corpus` and `targets`.
        work: where stages leave what they made.
        device: where to train.
    """

    def __init__(
        self, settings: Settings, encoder: Path, stronger: Path | None, data: Path, work: Path, device: torch.device
    ) -> None:
        self.settings, self.encoder, self.stronger, self.data, self.work = settings, encoder, stronger, data, work
        self.device, self.dtype = device, choose_dtype("auto", device)
        work.mkdir(parents=True, exist_ok=True)

    def run(self, until: str = NAMES[-1]) -> None:
        """Run the stages up to `until`; what is there already is not made again."""
        for name in NAMES[: NAMES.index(until) + 1]:
            getattr(self, name)()

    def texts(self) -> None:
        """Read all texts, leave out what is measured on, settle the vocabulary, and store everything as tokens."""
        if (self.work / "left_out.json").is_file():
            return
        measured = MeasuredTexts.read(self.data / "targets")
        sets = read_sets(self.data / "sources", self.settings.left_out, measured)
        paragraphs = read_paragraphs(self.data / "corpus", self.settings.corpus_megabytes, measured)
        teacher = Tokenizer.from_file(str(self.encoder / "tokenizer.json"))
        if self.settings.start:
            tokenizer = AutoTokenizer.from_pretrained(self.settings.start)
            tokenizer.save_pretrained(self.work / "tokenizer")
            kept = vocabulary.pieces_of(tokenizer, teacher)
        else:
            every = [field for each in sets for text in each.texts for field in text] + paragraphs
            kept = vocabulary.choose_pieces(teacher, vocabulary.count_pieces(teacher, every), self.settings.vocabulary)
            vocabulary.save_tokenizer(vocabulary.make_tokenizer(teacher, kept), self.work / "tokenizer")
        np.save(self.work / "vocabulary.npy", vocabulary.teacher_ids(teacher, kept))
        save_texts(self.work / "tokens", self.tokenizer, sets, paragraphs, 2 * self.settings.max_tokens)
        licences = {each.name: each.licence for each in sets}
        (self.work / "licences.yaml").write_text(yaml.safe_dump(licences, allow_unicode=True))
        (self.work / "left_out.json").write_text(json.dumps(measured.left_out, indent=1) + "\n")

    def convert(self) -> None:
        """Rewrite the encoder, or take layers of a finished backbone; one that is gone on from whole stays as it is."""
        if self._whole or (self.work / "converted" / "model.safetensors").is_file():
            return
        if self.settings.start:
            keep_layers(self._load(self.settings.start), self.settings.layers).save_pretrained(self.work / "converted")
        else:
            self._rewrite().save_pretrained(self.work / "converted")

    def heal(self) -> None:
        """Train the encoder to say what the teacher says, or the whole encoder of which it has some layers."""
        if not self._whole and not (self.work / "healed" / "model.safetensors").is_file():
            student = self._student(self.work / "converted")
            teacher = Parent(self._student(self.settings.start)) if self.settings.start else self._teacher
            heal(self.settings, student, teacher, Pool(self._texts, self.settings.max_tokens), self.work)
            student.model.save_pretrained(self.work / "healed")

    def alike(self) -> None:
        """Have the second encoder read some of the texts, once."""
        settings, path = self.settings, self.work / ALIKE_FILE
        if not settings.stronger_tokens or path.is_file():
            return
        random = np.random.default_rng(settings.seed)
        texts, group = choose_texts(self._sets, self._corpus, settings.stronger_tokens, random)
        teacher = Tokenizer.from_file(str(self.stronger / "tokenizer.json"))
        kept = vocabulary.pieces_of(self.tokenizer, teacher)
        ids = torch.as_tensor(vocabulary.teacher_ids(teacher, kept))
        encoder, first = AutoModel.from_pretrained(self.stronger, add_pooling_layer=False), vocabulary.first_id(teacher)
        know_texts(Teacher(encoder, ids, first, self.device, self.dtype), texts, group, self.device).save(path)

    def joint(self) -> None:
        """Teach the decoder to answer; what comes out lies between that and what the stage began with."""
        if (self.work / "joint" / "model.safetensors").is_file():
            return
        settings = self.settings
        student = self._student(self._joint_start)
        words = frequent_words(self.tokenizer, self._texts)
        short = [self.tokenizer.convert_ids_to_tokens(int(word)) for word in words[:CODE_WORDS]]
        asker = Asker(load_phrasings(), self._ids, self._corpus, short, settings.max_tokens)
        pool = Pool(self._texts, settings.max_tokens)
        known = KnownTexts.load(self.work / ALIKE_FILE) if settings.stronger_tokens else None
        stage = Joint(settings, student, self._teacher, self._sets, self._corpus, pool, asker, words, known)
        stage.run(self.work)
        if settings.joint_back:
            blend(student.model, self._load(self._joint_start), settings.joint_back)
        student.model.save_pretrained(self.work / "joint")
        prompts = {each.name: stage.prompts[n].detach().cpu().clone() for n, each in enumerate(self._sets)}
        save_file(prompts, self.work / "soft_instructions.safetensors")

    def probe(self) -> None:
        """Look at what came out, on held-out rows of a few sets."""
        if (self.work / "probe.json").is_file():
            return
        model = self._load(self.work / "joint").eval()
        t5 = FrozenT5(checkpoint_of(model), self.device, self.dtype)
        tokenizer = read_tokenizer(self.work / "tokenizer", self.settings.name)
        backbone = Backbone(self.settings.name, "", t5, tokenizer)
        found = {}
        for name, instruction in self.settings.probes.items():
            parts = []
            for part in ("train", "test"):
                rows = list(read_rows(self.data / "sources" / name / f"{part}.csv.gz"))
                order = np.random.default_rng(self.settings.seed).permutation(len(rows))[:PROBE_ROWS]
                parts.append(([rows[row][0][0] for row in order], [rows[row][1] for row in order]))
            found[name] = asdict(probe(backbone, *parts, instruction, self.settings.max_tokens))
        (self.work / "probe.json").write_text(json.dumps(found, indent=1) + "\n")

    def export(self) -> None:
        """Write the backbone as transformers loads it, in float16, with its losses as a picture and its card."""
        folder = self.work / self.settings.name
        model = T5ForConditionalGeneration.from_pretrained(self.work / "joint")
        model.half().save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        draw_curves(self.work, self.work / "losses.svg")
        write_card(self.settings, self.work, folder / "README.md")

    def publish(self, registry: Path) -> None:
        """Put the finished backbone into a registry folder."""
        from shutil import copytree

        from crosspt_cli.registry.backbones import describe_backbone

        folder = registry / "backbones" / self.settings.name
        if folder.exists():  # prompts that were trained for it would fit no more
            raise SystemExit(f"{folder}: exists. Give the new backbone another name in its settings file.")
        copytree(self.work / self.settings.name, folder)
        licence = "Apache-2.0 (weights derived from the encoder); texts under licences of their own, see README.md"
        describe_backbone(folder, about=self.settings.about, licence=licence)

    @cached_property
    def tokenizer(self):
        """The new vocabulary's tokenizer, once the first stage has made it."""
        return AutoTokenizer.from_pretrained(self.work / "tokenizer")

    @cached_property
    def _sets(self):
        return load_sets(self.work / "tokens")

    @cached_property
    def _corpus(self) -> TokenTexts:
        return load_corpus(self.work / "tokens")

    @property
    def _texts(self) -> list[TokenTexts]:
        return [*(field for each in self._sets for field in each.fields), self._corpus]

    @cached_property
    def _teacher(self) -> Teacher:
        ids = torch.as_tensor(np.load(self.work / "vocabulary.npy"))
        return Teacher(self._bert(), ids, convert.CLS, self.device, self.dtype)

    @cached_property
    def _whole(self) -> bool:
        """Whether a finished backbone is gone on from with all its layers, so that nothing is to be healed."""
        start = self.settings.start
        return bool(start) and T5Config.from_pretrained(start).num_layers == len(self.settings.layers)

    @property
    def _joint_start(self) -> Path | str:
        """Folder of the model that the joint stage begins with."""
        return self.settings.start if self._whole else self.work / "healed"

    def _rewrite(self) -> T5ForConditionalGeneration:
        settings, random = self.settings, np.random.default_rng(self.settings.seed)
        pool = Pool(self._texts, 64)
        rows = random.choice(len(pool.order), min(settings.calibration_texts, len(pool.order)), replace=False)
        batch = [[*pool.text(int(row)), vocabulary.END] for row in pool.order[rows]]
        ids = torch.as_tensor(np.load(self.work / "vocabulary.npy"))
        bert = self._bert()
        config = convert.make_config(bert, len(settings.layers), settings.decoder_layers, len(ids), settings.spare)
        return convert.convert(bert, config, settings.layers, ids, batch)

    def _bert(self) -> BertModel:
        return BertModel.from_pretrained(self.encoder, add_pooling_layer=False).eval()

    def _load(self, folder: Path | str) -> T5ForConditionalGeneration:
        return T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)

    def _student(self, folder: Path | str) -> Student:
        return Student(self._load(folder).to(self.device), self.device, self.dtype)

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]
