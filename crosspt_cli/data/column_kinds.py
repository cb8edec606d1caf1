"""What the cells of a column are: sentences, or numbers, dates, codes, names, lists, a few values again and again."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

FEWEST_WORDS = 3.0  # on average
FEWEST_DISTINCT = 0.5  # share of the filled cells
ENOUGH_DISTINCT, ENOUGH_WORDS = 20, 5.0  # so many different values of so many words are texts that come back
MOST = 0.8  # share of the cells that make a column what they are
NAME_WORDS, ITEM_WORDS = 5, 2
NO_SPACES = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # Thai, Japanese, Chinese
LETTERS = re.compile(r"[^\W\d_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBER = re.compile(r"(?=.*\d)([\d\W_]|(?<=\d)[eE](?=[-+]?\d)|\b(nan|inf)\b)+([^\W\d_]{1,3})?")  # 12, 3.5 kg, [1e-5, 2]
ADDRESS = re.compile(
    r"(https?://|www\.)\S+|(.{0,60}<)?(mailto:)?[^\s<>@]+@[^\s<>@]+\.\w+>?|[\w-]+(\.[\w-]+)*\.[a-z]{2,}(/\S*)?"
)
CODE = re.compile(
    r"(?=.*\d)[\w\-./:#+\\()]+( [\w\-./:#+\\()]+)?|"  # T-0, case 12
    r"[0-9a-f]{8,}|[@#]\w+|[a-zA-Z\d]+(_+[a-zA-Z\d]+)+|[A-Z]+(-[A-Z]+)+|"  # a hash, @somebody, snake_case, ABC-DEF
    r"[\w.-]*([/\\:][\w.-]+)+",  # a/path
    re.ASCII,
)
DATE_NAMES = _words(
    "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov "
    "november dec december mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday "
    "sun sunday today yesterday tomorrow januar jänner februar märz mai juni juli oktober dezember montag dienstag "
    "mittwoch donnerstag freitag samstag sonntag janvier février mars avril juin juillet août septembre octobre "
    "novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre "
    "gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre"
)
TIME_WORDS = DATE_NAMES | _words(
    "am pm utc gmt est edt cst cdt mst mdt pst pdt bst cet cest ist day days week weeks hour hours minute minutes min "
    "mins second seconds sec secs month months year years noon midnight uhr"
)
DATE_WORDS = TIME_WORDS | _words("at on of the in st nd rd th ago last next um le de del")
ISO_LETTER = re.compile(r"(?<=\d)(t(?=\d)|z$)")
DIGITS_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ ,].*)?|\d{1,2}:\d{2}\b.*")
FUNCTION_WORDS = _words(
    "a an the i you he she it we they my your his her its our their this that is are was were be not no do does did "
    "don't can can't cannot will would to for with on in at by from and or but how what why when where"
)
PARTICLES = _words("de da del der den di du la le van von bin al el y und jr sr dr mr mrs ms prof")


def kind_of(cells: Sequence[str]) -> str:
    """Return what a column's cells are.

    Args:
        cells: the filled ones, without spaces around them; at least one.

    Returns:
        ``"numbers"``, ``"dates"``, ``"addresses"``, ``"codes"``, ``"lists"``, ``"names"``, ``"values"`` (a few, again
        and again), ``"sentences"``, or ``"phrases"`` (short, and mostly different).

    Example:
        >>> kind_of(["T-0", "T-1"]), kind_of(["Jan 1, 2024", "3 days ago"]), kind_of(["Ann Lee", "Bob van Dyk"])
        ('codes', 'dates', 'names')
    """
    found = Counter(_kind_of_cell(cell) for cell in cells)
    no_text = {kind: count for kind, count in found.items() if kind}
    if sum(no_text.values()) >= MOST * len(cells):
        return max(no_text, key=no_text.__getitem__)
    if _is_most(_is_name, cells):
        return "names"
    if _are_tags(cells):
        return "lists"
    if not is_distinct(cells):
        return "values"
    return "sentences" if is_wordy(cells) else "phrases"


def is_wordy(cells: Sequence[str]) -> bool:
    """Return whether cells have several words on average."""
    return mean_words(cells) >= FEWEST_WORDS


def is_distinct(cells: Sequence[str]) -> bool:
    """Return whether cells mostly differ, or are many different sentences that come back."""
    different = len(set(cells))
    comes_back = different >= ENOUGH_DISTINCT and mean_words(cells) >= ENOUGH_WORDS
    return comes_back or different >= FEWEST_DISTINCT * len(cells)


def mean_words(cells: Sequence[str]) -> float:
    """Return the mean number of words; of languages without spaces two letters are one."""
    return sum(len(cell.split()) + len(NO_SPACES.findall(cell)) / 2 for cell in cells) / max(1, len(cells))


def restates(cells: Sequence[str], labels: Sequence[str]) -> bool:
    """Return whether a column says nothing but the label: about one value for each class, or a few of them.

    Args:
        cells: [rows] the column; blank ones do not count.
        labels: [rows] the classes; rows without one do not count.

    Example:
        >>> restates(["about money", "about post"] * 4, ["0", "1"] * 4)
        True
    """
    labels_of: dict[str, Counter[str]] = defaultdict(Counter)
    for cell, label in zip(cells, labels, strict=True):
        if cell.strip() and label.strip():
            labels_of[_same(cell)][label] += 1
    rows = sum(map(Counter.total, labels_of.values()))
    classes = {label for counts in labels_of.values() for label in counts}
    right = sum(max(counts.values()) for counts in labels_of.values())
    few = len(classes) > 1 and len(labels_of) <= 2 * len(classes) and rows >= 2 * len(labels_of)
    return few and right >= 0.9 * rows


def same_cells(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two columns say the same in nearly every row, but for case, spaces and punctuation."""
    return bool(one) and sum(_same(a) == _same(b) for a, b in zip(one, other, strict=True)) >= 0.9 * len(one)


def _same(cell: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", cell).casefold()).strip() or cell.strip()


def _is_most(is_so: Callable[[str], bool], cells: Sequence[str]) -> bool:
    return sum(map(is_so, cells)) >= MOST * len(cells)


def _kind_of_cell(cell: str) -> str:
    """Return what a cell is that is no text; else ""."""
    if NUMBER.fullmatch(cell) and not _is_date(cell):
        return "numbers"
    if _is_date(cell):
        return "dates"
    if ADDRESS.fullmatch(cell):
        return "addresses"
    if CODE.fullmatch(cell):
        return "codes"
    return "lists" if cell[0] + cell[-1] in ("[]", "{}") else ""


def _is_date(cell: str) -> bool:
    """Whether a cell is a date or a time of day: nothing but numbers, names of months and days, and their like."""
    plain = ISO_LETTER.sub(" ", cell.casefold()).replace("a.m.", "am").replace("p.m.", "pm")
    words = LETTERS.findall(plain)
    if not words:
        return bool(DIGITS_DATE.fullmatch(plain.strip()))
    dated = any(word in DATE_NAMES for word in words) or any(map(str.isdigit, plain))
    return dated and all(word in DATE_WORDS for word in words) and any(word in TIME_WORDS for word in words)


def _is_name(cell: str) -> bool:
    """Whether a cell is a name of people, firms or places: few words, with capitals, none of them a function word."""
    words = re.split(r"[\s,]+", cell.strip(" ,"))
    if len(words) > NAME_WORDS or cell[-1] in "!?" or not any(map(str.islower, cell)):
        return False
    plain = [word.strip("().'\u2019").casefold() for word in words]
    if any(word in FUNCTION_WORDS for word in plain):
        return False
    parts = zip(words, plain, strict=True)
    return all(word.strip("(")[:1].isupper() or word[:1].isdigit() or low in PARTICLES for word, low in parts)


def _are_tags(cells: Sequence[str]) -> bool:
    """Whether cells are lists of short items that come back in other rows, such as tags."""
    split = [[item.strip().casefold() for item in re.split(r"[,;|]", cell)] for cell in cells]
    long = sum(len(items) > 1 and all(len(item.split()) <= ITEM_WORDS for item in items) for items in split)
    every = [item for items in split for item in items]
    return long >= MOST * len(cells) and len(set(every)) <= FEWEST_DISTINCT * len(every)
