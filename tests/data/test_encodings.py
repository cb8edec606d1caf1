"""Letters come out as they were written, or the line where they cannot is named."""

import io

import pytest

from crosspt_cli.data import open_stream, read_csv, read_table
from crosspt_cli.data.guess import guess_encodings
from crosspt_cli.foundation.errors import DataError

CASES = __file__.rsplit("/data/", 1)[0] + "/cases"
FRENCH = ["Le café était délicieux et le garçon très aimable", "Très déçu, la livraison a été retardée", "À fuir"]
TEXTS = {
    "cp1252": FRENCH,
    "latin-1": FRENCH,
    "mac_roman": FRENCH,
    "cp850": FRENCH,
    "cp1250": ["Příliš žluťoučký kůň úpěl ďábelské ódy", "Výborný výrobek, děkuji"],
    "cp1251": ["Телефон сломался через два дня", "Отличная вещь, рекомендую"],
    "koi8_r": ["Телефон сломался через два дня", "Отличная вещь, рекомендую"],
    "cp866": ["Телефон сломался через два дня", "Отличная вещь, рекомендую"],
    "mac_cyrillic": ["Телефон сломался через два дня, очень жаль", "Отличная вещь, рекомендую"],
    "cp1253": ["Πολύ καλό προϊόν και γρήγορη παράδοση", "Χάλασε μετά από δύο μέρες"],
    "cp1254": ["Çok güzel bir ürün, teşekkürler", "İki gün sonra bozuldu ışık"],
    "cp1255": ["קניתי את המכשיר לפני שבועיים והוא כבר הפסיק לעבוד", "שירות לקוחות מצוין והמשלוח הגיע בזמן"],
    "cp1256": ["منتج رائع وسريع التوصيل", "تعطل بعد يومين"],
    "shift_jis": ["とても良い製品でした", "二日で壊れました"],
    "euc_jp": ["とても良い製品でした", "二日で壊れました"],
    "gb18030": ["这个产品非常好用", "两天后就坏了非常失望"],
    "big5": ["這個產品非常好用", "兩天後就壞了非常失望"],
    "euc_kr": ["정말 좋은 제품입니다", "이틀 만에 고장났어요"],
}


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(content):
    with open("f.csv", "wb") as handle:
        handle.write(content)
    return "f.csv"


def table(texts):
    return "text;label\n" + "".join(f"{text};{'ab'[n % 2]}\n" for n, text in enumerate(texts))


@pytest.mark.parametrize("encoding", TEXTS)
def test_texts_in_old_encodings_come_out_as_they_were_written(encoding):
    """Read as Windows-1252 they would be letters that no backbone and no person knows."""
    found = read_table(write(table(TEXTS[encoding]).encode(encoding)))
    assert [row.cells[0] for row in found.rows] == TEXTS[encoding]
    assert [(notice.kind, notice.lines) for notice in found.notices] == [("encoding", (2,))]


def test_russian_of_windows_is_read_and_told():
    """Every token was unknown, and the file was "ready, nothing to mend"."""
    examples = read_csv(f"{CASES}/cp1251.csv", "label")
    assert examples.rows[0].fields == ("Отличный товар",)
    (notice,) = examples.notices
    assert notice.text == f"{CASES}/cp1251.csv is not UTF-8 (line 2), so it was read as Windows-1251 (cp1251)."


def test_typographic_quotes_in_english_are_enough_for_windows_1252():
    """Most such files have a few curly quotes and dashes among a thousand plain lines."""
    rows = ["plain words only"] * 3_000 + ["I said it’s “fine” – well—no", "for 5 € at the café"]
    found = read_table(write(table(rows).encode("cp1252")))
    assert (found.encoding, found.rows[3_000].cells[0]) == ("cp1252", rows[3_000])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_and_told(encoding):
    """Databases on Windows write it; it was refused as binary."""
    found = read_table(write(table(FRENCH).encode(encoding)))
    assert [row.cells[0] for row in found.rows] == FRENCH
    assert [notice.text for notice in found.notices] == [
        f"f.csv does not say what it is in, and every second byte is NUL, so it was read as UTF-16 ({encoding})."
    ]


def test_a_guess_is_the_same_each_time_and_for_bytes_of_no_text_there_is_none():
    """A file must not be read differently tomorrow."""
    sample = TEXTS["cp1251"][0].encode("cp1251")
    assert guess_encodings(sample) == guess_encodings(sample)
    assert guess_encodings(bytes(range(128, 256))) == ()


def test_a_big_file_is_guessed_from_a_sample():
    """Looking at every letter of a gigabyte would take minutes; all of it must decode nevertheless."""
    rows = ["слово и ещё одно слово"] * 60_000
    found = read_table(write(table([*rows, "№ 5 — конец"]).encode("cp1251")))
    assert found.rows[-1].cells[0] == "№ 5 — конец"


def test_a_file_that_starts_as_utf_8_and_is_not_is_refused():
    """With its mark it was read as Windows-1252, the mark a part of the header."""
    with pytest.raises(DataError) as caught:
        read_table(write("\ufefftext,y\n".encode() + b"caf\xe9,a\n"))
    assert str(caught.value) == "f.csv: is not the UTF-8 it starts as (byte 13).\nSave it as UTF-8."


@pytest.mark.parametrize("encoding", ["cp1251", "cp1252"])
def test_a_pipe_is_decoded_as_the_file_of_that_name_would_be(encoding):
    """The same rows must get the same answers."""
    content = table(TEXTS[encoding]).encode(encoding)
    piped = open_stream(None, ["text"], stdin=io.BytesIO(content))
    named = open_stream(write(content), ["text"])
    assert [row.texts for row in piped] == [row.texts for row in named] == [(text,) for text in TEXTS[encoding]]
    assert [each.text.replace("stdin", "f.csv") for each in piped.notices] == [each.text for each in named.notices]


def test_a_mark_in_the_middle_is_no_character_of_a_cell():
    """`cat one.csv two.csv` leaves it, before quotes too, which then are no quotes."""
    write('text,y\none,a\n\ufeff"two, and more",b\n'.encode())
    assert [row.cells for row in read_table("f.csv").rows] == [("one", "a"), ("two, and more", "b")]
