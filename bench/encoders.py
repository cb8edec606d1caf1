"""How well does a backbone read beside the sentence encoder that it was made from, and is it the vocabulary or not?

    python bench/encoders.py --data DATA --corpus CORPUS --encoder ENCODER --out bench/results/encoders.jsonl

ENCODER is a folder with all-MiniLM-L6-v2 (README.md says how to get it), CORPUS one of `*.txt.gz` as recipes/backbone
reads it. Three kinds of readers give each text a vector of length 1, the mean over its tokens, without any prompt: the
encoder; the encoder with the word pieces only that the backbone has, so that words whose piece is missing come to it in
smaller ones; and each backbone. What the second loses is the vocabulary's part, and what else a backbone loses is not.

Measured are logistic regression on the vectors of few rows, and how far readers agree with the encoder about which
texts are alike: the correlation of their cosines over all pairs of test texts, or of paragraphs. ± is a standard error:
over test rows, each the mean of its draws, or over data sets.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).parent))
from lines import measure_missing
from rows import draw_rows, joined, mean_and_error

SIZES = (4, 16)
MOST_TOKENS = 128  # of a text: the backbones were trained on no more
PASS_TOKENS = 4000
FEWEST = 30  # rows of a kind: a mean over fewer says nothing
FEWEST_WORDS = 20  # of a paragraph
DOCUMENTS, TEST_PARAGRAPHS, POOL = (
    20,
    10,
    24,
)  # of a document: those asked about, and those that draws take labelled ones from
CUT = 12  # words of a paragraph that is cut, to be as short as a question or a title
ENCODER, REDUCED = "encoder", "encoder, fewer pieces"


@dataclass(frozen=True)
class Comparison:
    """One data set, or one file of the corpus, that every reader reads.

    `backbones` are names or folders by what they are called; the first one's word pieces are the fewer ones. `words`
    is how many of a text's first words are read, None for all.
    """

    source: Path
    encoder: str
    backbones: tuple[tuple[str, str], ...]
    draws: int
    test_rows: int
    words: int | None = None

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        name = self.source.name.removesuffix(".txt.gz") + (f" ({self.words} words)" if self.words else "")
        return {"target": name, "backbones": [name for name, _ in self.backbones]}


@dataclass(frozen=True)
class Labelled:
    """Texts and their classes, [n] int64."""

    texts: tuple[str, ...]
    labels: np.ndarray

    def of(self, places: np.ndarray) -> Labelled:
        """Return the texts at `places`."""
        return Labelled(tuple(self.texts[place] for place in places), self.labels[places])

    def cut(self, words: int | None) -> Labelled:
        """Return the first words of each text; all where None."""
        return Labelled(tuple(" ".join(text.split(" ")[:words]) for text in self.texts), self.labels)


@dataclass(frozen=True)
class Drawn:
    """Rows to learn from, by rows per class and draw, and test rows."""

    shots: dict[tuple[int, int], Labelled]
    test: Labelled


Reader = Callable[[Sequence[str]], np.ndarray]


def measure(job: Comparison) -> dict:
    """Return which words are split, how far readers agree with the encoder, and which rows they get right."""
    from crosspt_cli.evidence.baselines import ENCODER as ON_VECTORS
    from crosspt_cli.evidence.baselines import FITTERS

    drawn = of_set(job) if job.source.is_dir() else of_documents(read_documents(job.source), job)
    test = drawn.test
    place = {text: n for n, text in enumerate(dict.fromkeys([*test.texts, *_texts(drawn.shots.values())]))}
    readers, whole, reduced = _open(job)
    vectors = {name: read(list(place)) for name, read in readers.items()}
    asked = [place[text] for text in test.texts]
    right = {str(size): {name: np.zeros(len(asked), int) for name in readers} for size in SIZES}
    for (size, _), shots in drawn.shots.items():
        learnt = [place[text] for text in shots.texts]
        for name, found in vectors.items():
            fit = FITTERS[ON_VECTORS]().fit(found[learnt], shots.labels)
            right[str(size)][name] += fit.classes_[fit.predict_proba(found[asked]).argmax(1)] == test.labels
    words, split = split_words(whole, reduced, test.texts)
    return {
        "texts": len(asked),
        "classes": len(np.unique(test.labels)),
        "draws": job.draws,
        "words": int(words.sum()),
        "split_words": round(float(split.sum() / words.sum()), 4),
        "split": _digits(split > 0),
        "agreement": {
            name: round(agreement(vectors[ENCODER][asked], found[asked]), 4)
            for name, found in vectors.items()
            if name != ENCODER
        },
        "right": {size: {name: _digits(counts) for name, counts in each.items()} for size, each in right.items()},
    }


def of_set(job: Comparison) -> Drawn:
    """Return rows of a data set."""
    drawn = {(size, n): draw_rows(job.source, size, n, job.test_rows) for size in SIZES for n in range(job.draws)}
    (first, test), *_ = drawn.values()
    return Drawn(
        {key: _labelled(shots, first.classes) for key, (shots, _) in drawn.items()}, _labelled(test, first.classes)
    )


def _labelled(examples, classes: Sequence[str]) -> Labelled:
    labels = np.array([classes.index(label) for label in examples.labels()], np.int64)
    return Labelled(tuple(joined(row.fields) for row in examples.rows), labels)


def read_documents(path: Path) -> list[list[str]]:
    """Return the longer paragraphs of each document in the second half of a corpus file.

    The backbones were trained on the first quarter of each file.
    """
    documents: list[list[str]] = [[]]
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            if text := line.strip():
                documents[-1].append(text)
            elif documents[-1]:
                documents.append([])
    longer = [[text for text in each if len(text.split()) >= FEWEST_WORDS] for each in documents]
    return longer[len(longer) // 2 :]


def of_documents(documents: Sequence[Sequence[str]], job: Comparison) -> Drawn:
    """Return paragraphs of some documents, to be told apart by the document that they are from."""
    random = np.random.default_rng(0)
    fitting = [each for each in documents if len(each) >= TEST_PARAGRAPHS + POOL]
    chosen = [fitting[n] for n in random.permutation(len(fitting))[:DOCUMENTS]]
    labels = np.repeat(np.arange(len(chosen)), list(map(len, chosen)))
    every = Labelled(tuple(text for each in chosen for text in each), labels).cut(job.words)
    places = [random.permutation(np.flatnonzero(labels == n)) for n in range(len(chosen))]
    test = np.concatenate([each[:TEST_PARAGRAPHS] for each in places])
    shots = {}
    for draw in range(job.draws):
        rows = [random.permutation(each[TEST_PARAGRAPHS : TEST_PARAGRAPHS + POOL]) for each in places]
        shots |= {(size, draw): every.of(np.concatenate([each[:size] for each in rows])) for size in SIZES}
    return Drawn(shots, every.of(test))


def _texts(parts: Iterable[Labelled]) -> list[str]:
    return [text for part in parts for text in part.texts]


def _digits(counts: np.ndarray) -> str:
    """Return what is kept of small numbers: one digit each."""
    return "".join(map(str, counts.astype(int).tolist()))


def _open(job: Comparison) -> tuple[dict[str, Reader], Tokenizer, Tokenizer]:
    """Return all readers, and the encoder's tokenizers with all and with the first backbone's pieces."""
    from transformers import AutoModel

    from crosspt_cli import Registry
    from crosspt_cli.reading.backbones import open_backbone

    registry = Registry.open()
    backbones = {name: open_backbone(where, registry, "cpu", "fp32") for name, where in job.backbones}
    first = next(iter(backbones.values()))
    pieces = set(first.tokenizer.pieces(range(len(first.t5.embedding))))
    whole = whole_tokenizer(Path(job.encoder))
    reduced = with_pieces(whole, pieces)
    bert = AutoModel.from_pretrained(job.encoder).eval()
    readers: dict[str, Reader] = {ENCODER: _encoder(bert, whole), REDUCED: _encoder(bert, reduced)}
    return readers | {name: _backbone(each) for name, each in backbones.items()}, whole, reduced


def whole_tokenizer(folder: Path) -> Tokenizer:
    """Return the encoder's own tokenizer, without the lengths of somebody's training."""
    found = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def with_pieces(tokenizer: Tokenizer, pieces: set[str]) -> Tokenizer:
    """Return a WordPiece tokenizer that knows only these of its pieces, and its special tokens, by the same ids."""
    document = json.loads(tokenizer.to_str())
    kept = pieces | {added["content"] for added in document["added_tokens"]}
    vocabulary = document["model"]["vocab"]
    document["model"]["vocab"] = {piece: number for piece, number in vocabulary.items() if piece in kept}
    return Tokenizer.from_str(json.dumps(document))


def split_words(whole: Tokenizer, reduced: Tokenizer, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many words each text has, [n], and how many of them the fewer pieces spell otherwise, [n].

    Words are what the tokenizers split texts into first, punctuation marks included.
    """
    spelled = [
        [_spelled(encoding) for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        for tokenizer in (whole, reduced)
    ]
    pairs = list(zip(*spelled, strict=True))
    words = np.array([len(full) for full, _ in pairs])
    return words, np.array([sum(fewer[word] != full[word] for word in full) for full, fewer in pairs])


def _spelled(encoding) -> dict[int, list[str]]:
    words: dict[int, list[str]] = {}
    for word, piece in zip(encoding.word_ids, encoding.tokens, strict=True):
        words.setdefault(word, []).append(piece)
    return words


def _encoder(bert, tokenizer: Tokenizer) -> Reader:
    import torch

    begin, end = (tokenizer.token_to_id(piece) for piece in ("[CLS]", "[SEP]"))

    @torch.inference_mode()
    def read(texts: Sequence[str]) -> np.ndarray:
        rows = [
            [begin, *encoding.ids[:MOST_TOKENS], end]
            for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]
        order = np.argsort([len(row) for row in rows], kind="stable")
        vectors = np.empty((len(rows), bert.config.hidden_size), np.float32)
        for places in np.array_split(order, max(1, sum(map(len, rows)) // PASS_TOKENS)):
            longest = max(len(rows[place]) for place in places)
            ids, mask = torch.zeros(2, len(places), longest, dtype=torch.int64)
            for at, place in enumerate(places):
                ids[at, : len(rows[place])], mask[at, : len(rows[place])] = torch.tensor(rows[place]), 1
            states = bert(input_ids=ids, attention_mask=mask).last_hidden_state
            vectors[places] = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return _unit(vectors)

    return read


def _backbone(backbone) -> Reader:
    from crosspt_cli.core.encode import encode_texts
    from crosspt_cli.core.read import sentence_vectors

    def read(texts: Sequence[str]) -> np.ndarray:
        ids = [[*backbone.tokenize(text)[:MOST_TOKENS], backbone.t5.end_token] for text in texts]
        return _unit(sentence_vectors(backbone, encode_texts(ids, backbone.device), PASS_TOKENS // 6))

    return read


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def agreement(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the correlation of cosines over all pairs of texts; vectors are [n, ..], less the mean over the texts."""
    pairs = np.triu_indices(len(ours), 1)
    cosines = [(unit @ unit.T)[pairs] for unit in (_unit(each - each.mean(0)) for each in (ours, theirs))]
    return float(np.corrcoef(cosines)[0, 1])


def differences(line: dict, size: int, reader: str, rows: np.ndarray | None = None) -> np.ndarray:
    """Return what a reader gets right more often than the encoder on each test row, [n] in points.

    Args:
        line: of a data set.
        size: labelled rows per class.
        reader: its name.
        rows: [test rows] bool, those to return; all where None.
    """
    ours, theirs = (np.array(list(map(int, line["right"][str(size)][name]))) for name in (reader, ENCODER))
    found = 100 * (ours - theirs) / line["draws"]
    return found if rows is None else found[rows]


def tables(lines: list[dict]) -> str:
    """Return what the lines say as Markdown tables."""
    readers = [REDUCED, *lines[0]["backbones"]]
    parts = [part(lines, size, readers) for size in SIZES for part in (accuracies, by_split)]
    return "\n\n".join([*parts, agreements(lines, readers)])


def accuracies(lines: list[dict], size: int, readers: Sequence[str]) -> str:
    """Return the encoder's accuracy, and what the others have more, a row per data set."""
    out = [_row(f"{size} per class", "words split", ENCODER, *readers), _row(*["---"] * (3 + len(readers)))]
    for line in lines:
        right = np.array(list(map(int, line["right"][str(size)][ENCODER])))
        gains = [mean_and_error(differences(line, size, reader)) for reader in readers]
        split, accuracy = f"{100 * line['split_words']:.1f} %", f"{100 * right.mean() / line['draws']:.1f}"
        out.append(_row(line["target"], split, accuracy, *gains))
    means = [mean_and_error(np.array([differences(line, size, r).mean() for line in lines])) for r in readers]
    return "\n".join([*out, _row(f"mean of {len(lines)}", "", "", *means)])


def by_split(lines: list[dict], size: int, readers: Sequence[str]) -> str:
    """Return the same gains on test rows with a split word and on those without, for sets with enough of both."""
    out = [_row(f"{size} per class", "test rows", *readers), _row(*["---"] * (2 + len(readers)))]
    gains: dict[str, list[list[float]]] = {"with a split word": [], "without": []}
    for line in lines:
        split = np.array([mark == "1" for mark in line["split"]])
        if min(split.sum(), (~split).sum()) < FEWEST:
            continue
        for (kind, means), rows in zip(gains.items(), (split, ~split), strict=True):
            found = [differences(line, size, reader, rows) for reader in readers]
            out.append(_row(f"{line['target']}, {kind}", str(rows.sum()), *map(mean_and_error, found)))
            means.append([each.mean() for each in found])
    for kind, means in gains.items():
        if len(means) > 1:
            errors = map(mean_and_error, np.array(means).T)
            out.append(_row(f"mean of {len(means)}, {kind}", "", *errors))
    return "\n".join(out)


def agreements(lines: list[dict], readers: Sequence[str]) -> str:
    """Return the correlations of cosines with the encoder's, a row per data set or file."""
    out = [_row("texts", "words split", *readers), _row(*["---"] * (2 + len(readers)))]
    for line in lines:
        found = [f"{line['agreement'][reader]:.2f}" for reader in readers]
        out.append(_row(line["target"], f"{100 * line['split_words']:.1f} %", *found))
    return "\n".join(out)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of targets")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of *.txt.gz, a paragraph per line")
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--backbone", action="append", metavar="NAME[=FOLDER]", help="default mini")
    parser.add_argument("--targets", help="names, separated by commas; default all of both folders")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("bench/results/encoders.jsonl"))
    chosen = parser.parse_args()
    named = [each.partition("=") for each in chosen.backbone or ["mini"]]
    backbones = tuple((name, folder or name) for name, _, folder in named)
    sources = [(source, None) for source in sorted(chosen.data.iterdir())]
    sources += [(source, words) for source in sorted(chosen.corpus.glob("*.txt.gz")) for words in (None, CUT)]
    jobs = [
        Comparison(source, str(Path(chosen.encoder).resolve()), backbones, chosen.draws, chosen.test_rows, words)
        for source, words in sources
    ]
    wanted = chosen.targets.split(",") if chosen.targets else [job.key["target"] for job in jobs]
    print(tables(measure_missing([job for job in jobs if job.key["target"] in wanted], measure, chosen.out, 1)))


if __name__ == "__main__":
    main()
