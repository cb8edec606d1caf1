"""From labelled rows to what the backbone reads: template, label words, token ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts, encode_texts
from crosspt_cli.data import Examples, Notice
from crosspt_cli.reading.readable import ReadTexts, reading_notices, unreadable
from crosspt_cli.tasks import MAX_TOKENS, InputEncoder, TaskSpec, Verbalizer, make_spec
from crosspt_cli.tasks.label_tree import LabelTree

SEARCH_TOKENS = 96
"""Of a text, at most, while candidates are trained and compared: a search costs what its tokens cost."""
WORTH_SHORTENING = 0.75  # of the tokens, at most, are left of texts that are worth reading twice


@dataclass(frozen=True)
class Prepared:
    """A task's rows as the backbone reads them.

    `texts`: whole, as far as they fit the input · `short`: the same texts, long ones shortened, for a search; None
    where that spares little · `labels` [rows] int64 · `cut`: how many rows did not fit · `reason`: why this template ·
    `notices`: what the backbone cannot read.
    """

    spec: TaskSpec
    texts: EncodedTexts
    labels: np.ndarray
    cut: int
    reason: str
    notices: tuple[Notice, ...] = ()
    short: EncodedTexts | None = None


def prepare(
    examples: Examples,
    backbone: Backbone,
    template: str | None = None,
    max_tokens: int = MAX_TOKENS,
    label_words: Mapping[str, str] | None = None,
) -> Prepared:
    """Return `examples` as token ids, with the template and label words that they need.

    Args:
        examples: labelled rows.
        backbone: whose tokenizer to use.
        template: a template's name or file; chosen from columns and labels when None.
        max_tokens: longer inputs are cut where the template allows it.
        label_words: the person's words per label.

    Raises:
        DataError: the backbone cannot tell the texts apart, or does not know most of their tokens.
        TemplateError: the template does not fit the data, or label words collide.
        NotFound: no such template.
    """
    unknown = backbone.tokenizer.unknown
    spec = make_spec(examples.text_columns, examples.classes, template, backbone.tokenize, unknown, label_words)
    encoder = input_encoder(spec, backbone, max_tokens)
    tokens = [encoder.tokens(row.fields) for row in examples.rows]
    rows = [encoder.put_together(each) for each in tokens]
    ids, lost = [ids for ids, _ in rows], [cut for _, cut in rows]
    read = ReadTexts(examples.rows, ids, lost, encoder, unknown, backbone.tokenizer.piece, backbone.name)
    refused = unreadable(read, examples.path)
    if refused:
        raise refused[1]
    number = {name: index for index, name in enumerate(examples.classes)}
    labels = np.array([number[label] for label in examples.labels()], np.int64)
    texts, notices = encode_texts(ids, backbone.device), reading_notices(read, examples.about)
    short = [encoder.shortened(each, SEARCH_TOKENS) for each in tokens]
    spares = sum(map(len, short)) <= WORTH_SHORTENING * sum(map(len, ids))
    return Prepared(
        spec, texts, labels, sum(cut > 0 for cut in lost), spec.template.reason, notices,
        encode_texts(short, backbone.device) if spares else None,
    )  # fmt: skip


def input_encoder(spec: TaskSpec, backbone: Backbone, max_tokens: int = MAX_TOKENS) -> InputEncoder:
    """Return what turns a row's fields into token ids."""
    return InputEncoder(spec.template, backbone.tokenize, max_tokens, backbone.t5.end_token)


def label_tree(verbalizer: Verbalizer, backbone: Backbone) -> LabelTree:
    """Return the tree of the label words' tokens."""
    return LabelTree.build(verbalizer.tokens, backbone.t5.end_token)
