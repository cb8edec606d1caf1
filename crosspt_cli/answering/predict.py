"""Use a fitted task: texts in, labels with their probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch

from crosspt_cli.answering.abstain import find_limit, promise_of
from crosspt_cli.answering.adapting import (
    FEWEST_USABLE,
    Adaptation,
    adapted_prototypes,
    draw_rows,
    labelled_rows,
    no_promise,
)
from crosspt_cli.answering.given_texts import Texts, is_blank, rows_of
from crosspt_cli.core.backbone import Backbone
from crosspt_cli.core.encode import EncodedTexts, encode_texts
from crosspt_cli.core.read import Answered, answer_rows, read_alone
from crosspt_cli.evidence.promise import Promise
from crosspt_cli.evidence.unusual import is_unreadable
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.foundation.progress import Progress, no_progress
from crosspt_cli.onboarding.fitted import FittedTask, load_fitted
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.reading.prepare import input_encoder, label_tree
from crosspt_cli.registry import Registry
from crosspt_cli.search.trials import tokens_at_once

CHUNK = 512  # rows read by the backbone between two words of progress
WINDOW = 1_024  # rows answered at once: of more, fewer positions are padded, and answers come later
MOST_KEPT = 4_096  # different rows whose scores are kept: a few MB


@dataclass(frozen=True)
class RowScores:
    """One row's scores: `nats` [C] of its label words, class log-probabilities `log_shares` [C], `unusual`, `cut`."""

    nats: np.ndarray
    log_shares: np.ndarray
    unusual: bool
    cut: bool


@dataclass(frozen=True)
class Prediction:
    """The answer for one row.

    Attributes:
        row: its number among the rows given, from 0.
        label: the most probable class; None where its probability is too low to answer, or the text is blank.
        confidence: that class's probability, calibrated on held-out rows; 0 for a blank text.
        unusual: whether the text is unlike every class of the training rows, or says nothing that can be read.
        shares: class → probability; they sum to 1. Empty for a blank text.
        nats: class → log-likelihood of its label words under the target prompt, before anything else is weighed in.
            Empty for a blank text.
        cut: whether the text was longer than what the backbone reads at once, and lost its end.
    """

    row: int
    label: str | None
    confidence: float
    unusual: bool
    shares: dict[str, float]
    nats: dict[str, float]
    cut: bool = False

    @property
    def blank(self) -> bool:
        """Whether there was no text to answer."""
        return not self.shares


class Predictor:
    """A fitted task with its backbone loaded, for any number of rows.

    Rows of the same texts are read once, as long as no more than `MOST_KEPT` others came between.

    Args:
        fitted: the task.
        backbone: the one it was fitted on.
        adaptation: the rows that its prototypes have seen since; None for a task as it was saved.
        windows: whether a text that is too long is read to its end, in windows whose readings are averaged.

    Raises:
        IntegrityError: the backbone is another one.
    """

    def __init__(
        self, fitted: FittedTask, backbone: Backbone, adaptation: Adaptation | None = None, windows: bool = False
    ) -> None:
        if backbone.fingerprint != fitted.fingerprint:
            problem = f"was fitted on another backbone than {backbone.name} is now (fingerprints differ)."
            hint = f"Restore that backbone, or onboard the task again with --replace --backbone {backbone.name}."
            raise IntegrityError(f"task '{fitted.name}'", problem, hint)
        self.fitted, self.backbone, self.adaptation, self.windows = fitted, backbone, adaptation, windows
        self.encoder = input_encoder(fitted.spec, backbone)
        self.tree = backbone.t5.place(label_tree(fitted.spec.verbalizer, backbone))
        self.unknown = backbone.tokenizer.unknown
        self.prompt = torch.as_tensor(fitted.prompt, device=backbone.device)[None]
        self.latest: dict[tuple[str, ...], RowScores] = {}

    @classmethod
    def open(
        cls,
        task: str | FittedTask,
        registry: Registry | None = None,
        device: str = "auto",
        dtype: str = "auto",
        windows: bool = False,
    ) -> Predictor:
        """Return the predictor of a task in the registry.

        Args:
            task: its name, or what `load_fitted` returned: then the registry's task is not read again.
            registry: default the person's.
            device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
            dtype: ``"auto"``, ``"fp32"`` or ``"bf16"``.
            windows: read texts that are too long to their end, see `Predictor`.

        Raises:
            NotFound: there is no such task, or its backbone is gone.
            IntegrityError: its files or its backbone's are damaged, or the backbone is another one now.
        """
        registry = registry or Registry.open()
        fitted = load_fitted(task, registry) if isinstance(task, str) else task
        return cls(fitted, open_backbone(fitted.backbone, registry, device, dtype), windows=windows)

    def promise(self, target_accuracy: float) -> Promise:
        """Return from which confidence on answers are right that often; its `threshold` is for `predict`.

        Raises:
            OptionError: the task's held-out rows cannot promise it; says about how many would. Of adapted answers they
                promise nothing.
        """
        if self.adaptation and self.adaptation.rows:
            raise no_promise()
        return promise_of(self.fitted, target_accuracy)

    def adapted(self, rows: Texts, progress: Progress = no_progress) -> Predictor:
        """Return a predictor whose prototypes have seen these rows as well, without labels; the task stays as it is.

        At most 2,000 different texts count, drawn by lot. Those that are blank, cannot be read, are unlike the labelled
        rows, or are among them do not. With fewer than 10 the answers are those of the task as it is, and so they are
        where label words alone answer. Confidences were calibrated without these rows.

        Args:
            rows: as for `predict`: best the very rows that are to be answered.
            progress: told how many of them were read.

        Raises:
            IntegrityError: the task was saved before it kept what this needs; says how to onboard it again.
            OptionError: a row has more or fewer texts than the task has text columns.
            DataError: something is no text, or has half a character.

        Example:
            >>> predictor = Predictor.open("reviews")  # doctest: +SKIP
            >>> predictor.adapted(texts).predict(texts)[0].label  # doctest: +SKIP
            'negative'
        """
        fitted, labelled = self.fitted, labelled_rows(self.fitted)
        drawn = draw_rows(self.rows(rows), fitted.row_digests).rows
        if not fitted.readout.weight or not drawn:
            return self._with(fitted, Adaptation(0, 0, 0))
        read = self.read(drawn, progress)
        usual = ~(fitted.familiar.unusual(read.vectors, read.plain) | self._unreadable(drawn, self._tokens(drawn)))
        usable = int(usual.sum())
        left_out = len(drawn) - usable
        if usable < FEWEST_USABLE:
            return self._with(fitted, Adaptation(0, usable, left_out))
        found = adapted_prototypes(labelled, len(fitted.spec.verbalizer.classes), read.take(usual))
        return self._with(replace(fitted, prototypes=found), Adaptation(usable, usable, left_out))

    def _with(self, fitted: FittedTask, adaptation: Adaptation) -> Predictor:
        return Predictor(fitted, self.backbone, adaptation, self.windows)

    def predict(self, rows: Texts, abstain_below: float = 0.0) -> list[Prediction]:
        """Return one prediction per row, in order; a row without text gets none of the labels.

        Equal rows get equal answers. Otherwise a row's answer depends on its neighbours by rounding only: less than
        1e-4 in probability in float32, and less than 0.02 in bfloat16.

        Args:
            rows: one text, or an entry a row: a text, or a sequence of texts in the order of the task's text columns;
                None is a missing text.
            abstain_below: rows of less confidence get no label.

        Raises:
            OptionError: a row has more or fewer texts than the task has text columns.
            DataError: something is no text, or has half a character.
        """
        given = self.rows(rows)
        filled = [number for number, row in enumerate(given) if not is_blank(row)]
        found = [Prediction(number, None, 0.0, True, {}, {}) for number in range(len(given))]
        if not filled:
            return found
        classes = self.fitted.spec.verbalizer.classes
        for number, scores in zip(filled, self._scores_of([given[number] for number in filled]), strict=True):
            shares = np.exp(scores.log_shares)
            found[number] = Prediction(
                row=number,
                label=classes[int(shares.argmax())] if shares.max() >= abstain_below else None,
                confidence=float(shares.max()),
                unusual=scores.unusual,
                shares=dict(zip(classes, shares.tolist(), strict=True)),
                nats=dict(zip(classes, scores.nats.tolist(), strict=True)),
                cut=scores.cut,
            )
        return found

    def scores(self, rows: Texts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return label words' log-likelihoods and class log-probabilities [n, C] float32, and what is unusual [n]."""
        ordered = self._scores_of(self.rows(rows))
        return (
            np.stack([each.nats for each in ordered]),
            np.stack([each.log_shares for each in ordered]),
            np.array([each.unusual for each in ordered]),
        )

    def _scores_of(self, given: Sequence[tuple[str, ...]]) -> list[RowScores]:
        """Return the scores of rows that have a text, each read once."""
        latest = self.latest
        found = {row: latest[row] for row in given if row in latest}
        new = [row for row in dict.fromkeys(given) if row not in found]
        for start in range(0, len(new), WINDOW):
            part = new[start : start + WINDOW]
            found |= zip(part, self._scored(part), strict=True)
        kept = latest | found
        # put in place at once: a server's threads share a predictor
        self.latest = dict(islice(kept.items(), max(0, len(kept) - MOST_KEPT), None))
        return [found[row] for row in given]

    def _scored(self, rows: Sequence[tuple[str, ...]]) -> list[RowScores]:
        fitted, tokens = self.fitted, self._tokens(rows)
        read, cut = self._read_tokens(tokens)
        similarity = fitted.prototypes.similarity(read.vectors, read.plain)
        log_shares = fitted.readout.log_shares(read.nats, fitted.bias, similarity)
        unusual = fitted.familiar.unusual(read.vectors, read.plain) | self._unreadable(rows, tokens)
        return [RowScores(*each) for each in zip(read.nats, log_shares, unusual.tolist(), cut, strict=True)]

    def _tokens(self, rows: Sequence[Sequence[str]]) -> list[list[list[int]]]:
        return [self.encoder.tokens(row) for row in rows]

    def _unreadable(self, rows: Sequence[Sequence[str]], tokens: Sequence[Sequence[Sequence[int]]]) -> np.ndarray:
        return np.array([is_unreadable(row, ids, self.unknown) for row, ids in zip(rows, tokens, strict=True)])

    def read(self, rows: Texts, progress: Progress = no_progress) -> Answered:
        """Return label words' log-likelihoods and the texts' vectors behind the task's prompt, and those without it.

        Args:
            rows: at least one.
            progress: told how many of them were read.
        """
        given, read = self.rows(rows), []
        for start in range(0, len(given), CHUNK):
            progress("looking", start, len(given))
            read.append(self._read_tokens(self._tokens(given[start : start + CHUNK]))[0])
        return Answered.joined(read)

    def _read_tokens(self, tokens: Sequence[Sequence[Sequence[int]]]) -> tuple[Answered, list[bool]]:
        """Return what rows are answered, from the tokens of their texts, and whether each lost some of them."""
        if self.windows:
            parts, lost = zip(*map(self.encoder.windows, tokens), strict=True)
        else:
            ids, lost = zip(*map(self.encoder.put_together, tokens), strict=True)
            parts = tuple([each] for each in ids)
        read = self._read_ids([ids for every in parts for ids in every])
        return read.averaged([len(every) for every in parts]), [count > 0 for count in lost]

    def _read_ids(self, ids: Sequence[Sequence[int]]) -> Answered:
        at_once, encoded = tokens_at_once(self.backbone.device), encode_texts(ids, self.backbone.device)
        texts = read_alone(self.backbone, encoded, self.fitted.prompt_layer, at_once)
        everything = torch.arange(len(texts))
        return answer_rows(self.backbone, self.prompt, everything * 0, texts, everything, self.tree, at_once)

    def encode(self, rows: Texts) -> EncodedTexts:
        """Return rows as the backbone reads them, cut where the template allows it.

        Raises:
            OptionError: a row has more or fewer texts than the task has text columns.
            DataError: something is no text, or has half a character.
        """
        return encode_texts([self.encoder.encode(row)[0] for row in self.rows(rows)], self.backbone.device)

    def rows(self, texts: Texts) -> list[tuple[str, ...]]:
        """Return texts as rows of this task.

        Raises:
            OptionError: a row has more or fewer texts than the task has text columns.
            DataError: something is no text, or has half a character.
        """
        return rows_of(texts, self.fitted.text_columns, self.fitted.name)


def predict(
    task: str,
    texts: Texts,
    registry: Registry | None = None,
    *,
    abstain_below: float | None = None,
    target_accuracy: float | None = None,
    adapt: bool = False,
    windows: bool = False,
) -> list[Prediction]:
    """Return one prediction per text, with a task of the registry; for many calls open a `Predictor` once.

    Args:
        task: its name.
        texts: one text, or an entry a row: a text, or a sequence of texts for tasks of several text columns. None is
            a missing text, which gets no label, as a blank one does.
        registry: default the person's.
        abstain_below: rows of less confidence get no label.
        target_accuracy: choose that confidence so that the labels given are right this often.
        adapt: use these very texts as rows without labels, see `Predictor.adapted`; the saved task stays as it is.
        windows: read texts that are too long to their end, see `Predictor`.

    Raises:
        NotFound: there is no such task, or its backbone is gone.
        OptionError: `target_accuracy` was given with another of the last three or cannot be promised, or a row has more
            or fewer texts than the task has text columns.
        IntegrityError: the task's files are damaged, or it was saved before it kept what `adapt` needs.
        DataError: something is no text, or has half a character.

    Example:
        >>> predict("reviews", "The battery died after two days.")[0].label  # doctest: +SKIP
        'negative'
    """
    registry = registry or Registry.open()
    fitted = load_fitted(task, registry)
    limit, _ = find_limit(fitted, abstain_below, target_accuracy, adapt)
    rows = rows_of(texts, fitted.text_columns, fitted.name)
    predictor = Predictor.open(fitted, registry, windows=windows)
    return (predictor.adapted(rows) if adapt else predictor).predict(rows, limit)
