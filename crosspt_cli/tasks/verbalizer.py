"""Which words, and which tokens, the backbone answers each class with."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosspt_cli.foundation.errors import TemplateError
from crosspt_cli.foundation.pairs import advised
from crosspt_cli.foundation.words import joined, problems_text, with_nearest
from crosspt_cli.tasks.label_words import clean_label, is_code, known_words
from crosspt_cli.tasks.template import Template, Tokenize

OWN, ALIAS, CLEANED, RAW, NUMBERED = range(5)
"""Where words come from. Own words stay or are refused; the others give way to the next on a clash."""


@dataclass(frozen=True)
class Verbalizer:
    """Class → label words.

    Args:
        classes: the labels as they occur.
        words: per class, its label words.
        tokens: per class, their token ids without the end token; not empty, pairwise distinct.
        notes: a sentence for each class whose words are not the first choice, and for codes given a meaning.
    """

    classes: tuple[str, ...]
    words: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelCheck:
    """What `crosspt templates check` shows of one class."""

    label: str
    words: str
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Option:
    """Words a class may be answered with: where they come from (`OWN` … `NUMBERED`), and the file and line if own."""

    words: str
    rank: int
    where: str = ""


def make_verbalizer(
    template: Template,
    classes: Sequence[str],
    tokenize: Tokenize,
    label_words: Mapping[str, str] | None = None,
    unknown: int | None = None,
) -> Verbalizer:
    """Return words for every class whose token sequences are pairwise distinct.

    In this order: the person's words, the template's, the well-known ones (``pos`` → *positive*), the cleaned label,
    the label as it stands, the cleaned label with a number. Words that clash after tokenising, or that the tokenizer
    knows nothing of, give way to the next and leave a note.

    Args:
        template: knows words for some labels; those of a person's own template count as the person's.
        classes: the labels as they occur.
        tokenize: text → token ids, no special tokens.
        label_words: the person's words per label.
        unknown: id of the tokenizer's unknown token, if it has one.

    Raises:
        TemplateError: the person's words name no class, clash, or are unknown to the tokenizer.
    """
    own = own_options(template, classes, label_words or {})
    choices = Choices(tuple(classes), tokenize, unknown)
    choices.refuse(own, label_words or {}, template)
    known = known_words({entry.label: entry.words for entry in template.label_words}, classes)
    options = [[own[label]] if label in own else automatic_options(label, known) for label in classes]
    settled = choices.settle(options)
    notes = tuple(choices.note(*entry) for entry in zip(classes, options, settled, strict=True))
    codes = meaning_of_codes(settled, choices.classes)
    return Verbalizer(
        classes=choices.classes,
        words=tuple(option.words for option in settled),
        tokens=tuple(choices.tokens(option.words) for option in settled),
        notes=tuple(note for note in (codes, *notes) if note),
    )


def check_template(
    template: Template,
    classes: Sequence[str],
    tokenize: Tokenize,
    label_words: Mapping[str, str] | None = None,
    unknown: int | None = None,
) -> tuple[LabelCheck, ...]:
    """Return each class's label words and tokens; without classes, of one label for each of the template's words.

    Raises:
        TemplateError: see `make_verbalizer`.
    """
    if not classes:
        first = {entry.words: entry.label for entry in reversed(template.label_words)}
        classes = tuple(entry.label for entry in template.label_words if first[entry.words] == entry.label)
    made = make_verbalizer(template, classes, tokenize, label_words, unknown)
    return tuple(LabelCheck(*row) for row in zip(made.classes, made.words, made.tokens, strict=True))


def own_options(template: Template, classes: Sequence[str], label_words: Mapping[str, str]) -> dict[str, Option]:
    """Return the words that the person chose: given beside the data, or in a template of their own."""
    found: dict[str, Option] = {}
    if not template.shipped:
        entries = {entry.label: entry for entry in template.label_words}
        for label in classes:
            entry = entries.get(clean_label(label))
            if entry:
                found[label] = Option(entry.words, OWN, f"{template.path or template.name} line {entry.line}")
    given = {label: Option(words, OWN, "label words") for label, words in label_words.items() if label in set(classes)}
    return found | given


def automatic_options(label: str, known: Mapping[str, str]) -> list[Option]:
    """Return a class's words in order of preference, each once."""
    alias = [Option(known[label], ALIAS)] if label in known else []
    options = [*alias, Option(clean_label(label), CLEANED), Option(label.strip(), RAW)]
    return list({option.words: option for option in reversed(options)}.values())[::-1]


def meaning_of_codes(settled: Sequence[Option], classes: Sequence[str]) -> str:
    """Return a sentence when numbers were given a meaning, which the person may want to turn round."""
    read = [
        f"{label} as {option.words!r}"
        for label, option in zip(classes, settled, strict=True)
        if option.rank == ALIAS and is_code(label) and not clean_label(label).isalpha()
    ]
    return f"The template reads {' and '.join(read)}; --label-words says otherwise." if read else ""


class Choices:
    """Finds words for all classes at once.

    Args:
        classes: the labels as they occur.
        tokenize: text → token ids.
        unknown: id of the unknown token.
    """

    def __init__(self, classes: tuple[str, ...], tokenize: Tokenize, unknown: int | None) -> None:
        self.classes, self.unknown, self.tokenize = classes, unknown, tokenize
        self.cache: dict[str, tuple[int, ...]] = {}

    def tokens(self, words: str) -> tuple[int, ...]:
        """Return the words' token ids, tokenised once."""
        if words not in self.cache:
            self.cache[words] = tuple(self.tokenize(words))
        return self.cache[words]

    def means_something(self, words: str) -> bool:
        """Return whether the tokenizer knows at least one token of the words."""
        return any(token != self.unknown for token in self.tokens(words))

    def refuse(self, own: Mapping[str, Option], label_words: Mapping[str, str], template: Template) -> None:
        """Raise every problem of the person's own words.

        Raises:
            TemplateError: a label that does not occur, words unknown to the tokenizer, or words of two classes.
        """
        problems = [
            ("label words", f"no class is named {with_nearest(label, self.classes)}.")
            for label in label_words
            if label not in self.classes
        ]
        holders: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for label, option in own.items():
            holders[self.tokens(option.words)].append(label)
            if not self.means_something(option.words):
                said = f"label word {option.words!r} of {label!r} is unknown to the backbone's tokenizer."
                problems.append((option.where, said))
        for tokens, labels in holders.items():
            if len(labels) > 1 and any(token != self.unknown for token in tokens):
                problems.append((own[labels[-1]].where, clash(labels, [own[label].words for label in labels])))
        if problems:
            raise refusal(problems, template)

    def settle(self, options: Sequence[Sequence[Option]]) -> list[Option]:
        """Return one option per class, with pairwise distinct tokens.

        Args:
            options: per class, in order of preference.
        """
        place = [0] * len(options)
        while moving := self.clashing(settled := placed(options, place)):
            for index in moving:
                place[index] += 1
        taken = {self.tokens(option.words) for option in settled if option}
        found = []
        for index, option in enumerate(settled):
            if option is None:
                option = self.numbered(self.classes[index], taken)
                taken.add(self.tokens(option.words))
            found.append(option)
        return found

    def clashing(self, current: Sequence[Option | None]) -> list[int]:
        """Return the classes that must move on: words without meaning, and of equals those of the lowest rank."""
        groups: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)  # tokens → class → rank
        moving = []
        for index, option in enumerate(current):
            if option and self.means_something(option.words):
                groups[self.tokens(option.words)][index] = option.rank
            elif option:
                moving.append(index)
        for group in groups.values():
            ranks = {index: rank for index, rank in group.items() if rank != OWN}
            if len(group) > 1:
                moving += [index for index, rank in ranks.items() if rank == min(ranks.values())]
        return moving

    def numbered(self, label: str, taken: set[tuple[int, ...]]) -> Option:
        """Return the cleaned label, free again or with the first number that makes it so.

        Raises:
            TemplateError: numbers make no difference to this tokenizer.
        """
        cleaned = clean_label(label)
        base = cleaned if self.means_something(cleaned) else "label"
        tries = (base, *(f"{base} {number}" for number in range(2, len(self.classes) + 2)))
        for words in tries:
            if self.means_something(words) and self.tokens(words) not in taken:
                return Option(words, NUMBERED)
        raise TemplateError(
            f"label {label!r}",
            "the backbone's tokenizer cannot tell any words for it from those of the other labels.",
            f"Give it words of its own: {advised('--label-words', {label: 'words'})}.",
        )

    def note(self, label: str, options: Sequence[Option], settled: Option) -> str:
        """Return why a class does not have its first choice; empty when it does."""
        first = options[0].words
        if settled.words == first:
            return ""
        known = self.means_something(first)
        why = "would stand for another label too" if known else "is unknown to the backbone's tokenizer"
        return f"Label {label!r} is answered with {settled.words!r}, because {first!r} {why}."


def placed(options: Sequence[Sequence[Option]], place: Sequence[int]) -> list[Option | None]:
    """Return each class's option at its place, None where it has none left."""
    return [entry[at] if at < len(entry) else None for entry, at in zip(options, place, strict=True)]


def clash(labels: Sequence[str], words: Sequence[str]) -> str:
    """Return the sentence about own words that several classes share."""
    both = joined(map(repr, labels), None)
    if len(set(words)) == 1:
        return f"label word {words[0]!r} stands for {'both ' if len(labels) == 2 else ''}{both}."
    return f"the label words {', '.join(map(repr, words))} of {both} are the same after tokenising."


def refusal(problems: Sequence[tuple[str, str]], template: Template) -> TemplateError:
    """Return one error for all problems of the person's own label words."""
    name = template.name if template.shipped or not template.path else template.path
    hint = f"Give each class its own words; 'crosspt templates check {shlex.quote(name)}' shows how they are tokenised."
    if len(problems) == 1:
        return TemplateError(*problems[0], hint)
    return TemplateError("label words", problems_text(problems), hint)
