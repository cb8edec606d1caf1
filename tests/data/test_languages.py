"""A language that the backbone does not understand is recognised, and English is not taken for one."""

import pytest

from crosspt_cli.data.languages import OTHERS, other_language

SAID = {
    "German": ["Das Paket ist nicht angekommen", "Sehr schönes Handy", "Der Akku ist leer", "Ich bin zufrieden"],
    "French": ["Très bon produit", "Ne marche pas du tout", "La livraison est en retard", "Je suis content"],
    "Spanish": ["Muy buen producto", "No funciona bien", "La entrega fue tarde", "Estoy contento con la compra"],
    "Portuguese": ["Muito bom produto", "Não funciona bem", "Estou contente com a compra", "O serviço não é bom"],
    "Italian": ["Il prodotto è ottimo", "Non funziona bene", "La consegna è in ritardo", "Sono molto contento"],
    "Dutch": ["Het is een goed product", "De levering is te laat", "Ik ben niet blij met het apparaat", "Werkt niet"],
    "Swedish": ["Det fungerar inte", "Leveransen var mycket sen", "Jag är nöjd med mitt köp", "Det är inte bra"],
    "Polish": ["To nie jest dobry produkt", "Dostawa jest bardzo późno", "Nie jest źle", "Nie mam czasu na to"],
    "Turkish": ["Bu ürün çok iyi", "Kargo çok geç geldi", "Ne kadar güzel bir ürün", "Bu ne için"],
}


@pytest.mark.parametrize("language", SAID)
def test_short_complaints_are_recognised(language):
    """Four texts of a few words are what a first try has."""
    assert other_language(SAID[language] * 2) == language


ENGLISH = {
    "names": [
        "Where is the Haus der Kunst?",
        "El Paso and Los Angeles",
        "Ann de la Cruz called",
        "Mr van der Berg is in",
    ],
    "code": [
        "for i in range(n): d[s] = c",
        "var x = de.la.y",
        "SELECT a FROM b",
        "def f(s, d): return s",
        "on = mi + se",
    ],
    "short": ["great", "so so", "bad", "not good", "ok"],
    "food": ["Crème brûlée was great", "The pain au chocolat is so good", "al dente", "Tacos al pastor", "le menu"],
    "films": ["La La Land", "Das Boot", "El Mariachi is a fine film", "Amour", "The Tin Drum"],
    "a quarter of German": ["so it is", "not for me", "why not", *SAID["German"][:1]],
    "nothing": [""],
}


@pytest.mark.parametrize("kind", ENGLISH)
def test_english_with_names_code_or_a_foreign_text_is_english(kind):
    """A warning that is often wrong is not read."""
    assert other_language(ENGLISH[kind] * 3) == ""
    assert other_language([]) == ""


def test_every_language_is_told_by_words_of_its_own():
    """A list that was copied would name the wrong language."""
    lists = [frozenset(words.split()) for words in OTHERS.values()]
    assert all(len(own - frozenset().union(*(o for o in lists if o is not own))) >= 5 for own in lists)
