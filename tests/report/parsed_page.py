"""A page of HTML taken apart with the standard library, which forgives nothing here."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"meta", "br", "hr"}


@dataclass
class Node:
    """An element: its name, attributes, and what is in it."""

    tag: str
    attributes: dict[str, str | None]
    inside: list[Node | str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Node]:
        """Return every element below that has one of the names; all without a name."""
        found = []
        for each in self.inside:
            if isinstance(each, Node):
                found += [each] if not tags or each.tag in tags else []
                found += each.all(*tags)
        return found

    @property
    def text(self) -> str:
        """All letters below, styles too."""
        return "".join(each if isinstance(each, str) else each.text for each in self.inside)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        node = Node(tag, dict(attrs))
        self.open[-1].inside.append(node)
        if tag not in EMPTY:
            self.open.append(node)

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> ends <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].inside.append(data)


def parsed(page: str) -> Node:
    """Return the page's tree; every element must end, in its order."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert parser.open == [parser.root], f"<{parser.open[-1].tag}> never ends"
    return parser.root


def table(root: Node, caption: str) -> list[list[str]]:
    """Return the cells of the table whose caption begins so, row by row."""
    (found,) = [each for each in root.all("table") if each.all("caption")[0].text.startswith(caption)]
    return [[cell.text for cell in row.all("th", "td")] for row in found.all("tr")]
