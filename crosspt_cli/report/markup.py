"""HTML and SVG from small functions; what is not markup already is escaped, so that nobody has to remember it."""

from __future__ import annotations

import html
from collections.abc import Iterable

EMPTY = frozenset({"meta", "br", "hr"})
"""Elements that have no end."""


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Return text as HTML that shows it; what UTF-8 cannot write becomes a question mark.

    Example:
        >>> escaped("<b> & co")
        '&lt;b&gt; &amp; co'
    """
    return text if isinstance(text, Markup) else Markup(html.escape(text.encode("utf-8", "replace").decode()))


def joined(parts: Iterable[str]) -> Markup:
    """Return parts one after the other, each escaped unless it is markup."""
    return Markup("".join(map(escaped, parts)))


def element(tag: str, *content: str, **attributes: object) -> Markup:
    """Return an element; content and attributes are escaped, attributes that are None left out.

    Args:
        tag: its name.
        content: texts and markup, one after the other.
        attributes: ``class_`` is class, and ``text_anchor`` text-anchor; numbers are written short.

    Example:
        >>> element("p", "1 < 2", class_="note"), element("line", x1=0.5, stroke_width=2.0)
        ('<p class="note">1 &lt; 2</p>', '<line x1="0.5" stroke-width="2"></line>')
    """
    pairs = (
        f' {name.rstrip("_").replace("_", "-")}="{escaped(_written(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    start = f"<{tag}{''.join(pairs)}>"
    return Markup(start if tag in EMPTY else f"{start}{joined(content)}</{tag}>")


def _written(value: object) -> str:
    return f"{round(value, 2):g}" if isinstance(value, float) else str(value)
