"""Which language texts are in, told by small words that stand in nearly every sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

WORD = re.compile(r"[^\W\d_]+")
FEWEST_ROWS, ROW_SHARE = 4, 0.3  # in another language, each told by itself
FEWEST_HITS, HIT_SHARE = 6, 0.1  # of all words, where texts are too short to tell each by itself
TIMES_ENGLISH = 3

ENGLISH = (
    "the and is are was were be been to of in on at for with from by this that these those it its he she they we you "
    "i am my your his her our their not no do does did have has had will would can could should but or if so as what "
    "when where who how why all any some there here about into out up an a me him them us just than then too very"
)
OTHERS = {
    "German": "der das und ist nicht ich sie wir ihr ein eine einen einem einer zu mit von auf für im dem den es sich "
    "auch aber oder wenn wie wird wurde werden haben habe hatte kann sehr noch nach bei aus bis mir mich uns mein "
    "meine kein keine nur schon immer mehr über dass weil zum zur sind",
    "French": "le la les des une et est pas je il elle nous vous ils que qui dans sur avec mais ou où ce cette ces mon "
    "ma mes son sa ses au aux du en ne très tout être avoir été sont suis avons ont fait plus bien qu",
    "Spanish": "el la los las un una y es no que de en por para con se su sus lo le muy más pero como este esta esto "
    "mi yo tú está están son fue ha han he hay del al cuando porque todo nada bien sin ya me nos",
    "Portuguese": "o os as um uma e é não que de em por para com se seu sua do da dos das no na nos nas muito mais mas "
    "como este esta isso meu minha eu você está estão são foi foram tem ao à já quando porque tudo bem sem ele ela",
    "Italian": "il lo la gli le un una e è non che di in per con si suo sua del della dei delle nel nella molto più ma "
    "questo questa mi io tu sono stato stata ha hanno ho al alla quando perché tutto bene senza anche ci",
    "Dutch": "de het een en is niet ik je wij zij van op voor met aan er maar ook als wordt werd zijn heeft hebben kan "
    "zeer nog naar bij uit tot mijn geen dat dit deze wat hoe waar wel meer heb om te",
    "Swedish": "och att det som en ett är inte jag du vi på för med av den till har från men eller om när hur kan "
    "mycket också efter vid min mitt mina ingen bara redan alltid mer över så där här",
    "Danish or Norwegian": "og at det som en et er ikke jeg du vi på for med av af den til har fra men eller om når "
    "hvordan kan meget også etter efter ved min mitt mit mine ingen bare altid alltid mer mere så der her",
    "Polish": "na nie jest to się że do jak ale czy od po za dla przez mnie mi tego tym był była są bardzo już "
    "tylko moje mój moja przy też",
    "Czech": "je na se že to do jak ale nebo od po za pro mi byl byla jsou velmi už jen můj moje při také není "
    "jsem by když",
    "Turkish": "ve bir bu da de çok için ile ne ama ben sen o mi yok gibi daha olan olarak değil kadar sonra her",
    "Indonesian": "yang dan di ini itu tidak saya untuk dengan dari ke ada akan juga sudah bisa sangat tapi karena "
    "atau pada kami anda lagi belum",
    "Finnish": "ja on ei se että en hän minä oli mutta kun niin myös ovat tämä olen joka kuin vain jo hyvin minun",
    "Romanian": "și este nu în că de la cu pe un o din mai pentru sunt dar fost foarte acest această mi sau",
}
_ENGLISH = frozenset(ENGLISH.split())
_OTHERS = {  # single letters stand for numbers in code
    language: frozenset(word for word in words.split() if len(word) > 1 or not word.isascii()) - _ENGLISH
    for language, words in OTHERS.items()
}


def other_language(texts: Iterable[str]) -> str:
    """Return the language that many of the texts seem to be in and that is not English; else "".

    A text is in another language when at least two small words of it stand there, and three times as many as of
    English. Where texts are too short for that, all words count together. Names, code and single foreign words are not
    enough, so some texts in another language go unnoticed, in particular those without small words.

    Args:
        texts: of a task, each row's as one.

    Example:
        >>> other_language(["Das Paket ist nicht da"] * 4), other_language(["Where is the Haus der Kunst?"] * 4)
        ('German', '')
    """
    rows, found, total, words = 0, Counter[str](), Counter[str](), 0
    for text in texts:
        each = WORD.findall(text.casefold())
        hits = {language: sum(word in known for word in each) for language, known in _OTHERS.items()}
        english = sum(word in _ENGLISH for word in each)
        total.update(hits | {"English": english})
        best = max(hits, key=hits.__getitem__)
        found[best] += hits[best] >= max(2, TIMES_ENGLISH * english)
        rows, words = rows + 1, words + len(each)
    english = total.pop("English", 0)
    for language, count in found.most_common(1):
        if count >= max(FEWEST_ROWS, ROW_SHARE * rows):
            return language
    for language, count in total.most_common(1):
        if count >= max(FEWEST_HITS, HIT_SHARE * words, TIMES_ENGLISH * english):
            return language
    return ""
