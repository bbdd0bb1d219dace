"""A page taken apart by Python's own parser, and what has to hold of any page."""

from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

VOID = {"meta", "link", "br", "img", "hr", "input", "use", "path"}


class Element:
    """A tag with its attributes, its text and what stands in it."""

    def __init__(self, tag: str, attributes: dict[str, str | None], within: "Element | None") -> None:
        self.tag, self.attributes, self.within = tag, attributes, within
        self.inner: list[Any] = []

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.inner)

    def all(self, *tags: str) -> "list[Element]":
        """Every element below this one with one of these tags, in order; any without tags."""
        below = [part for part in self.inner if isinstance(part, Element)]
        return [found for part in below for found in ([part] if part.tag in tags or not tags else []) + part.all(*tags)]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.at = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        element = Element(tag, dict(attrs), self.at)
        self.at.inner.append(element)
        if tag not in {"meta", "link", "br", "img", "hr", "input"}:
            self.at = element

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.at.inner.append(Element(tag, dict(attrs), self.at))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.at.tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.within is not None
        self.at = self.at.within

    def handle_data(self, data: str) -> None:
        self.at.inner.append(data)


def parsed(page: Path) -> Element:
    """The page, in which every tag is closed where it should be."""
    parser = _Parser()
    parser.feed(page.read_text(encoding="utf-8"))
    parser.close()
    assert parser.at is parser.root
    return parser.root


def check(root: Element) -> None:
    """Hold a page against what a reader without eyes, a mouse or a network needs."""
    (html,) = root.all("html")
    assert html.attributes["lang"] == "en"
    assert [title.text.strip() != "" for title in root.all("title")] == [True]
    ids = [element.attributes["id"] for element in root.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids)), "an id stands once"
    levels = [int(heading.tag[1]) for heading in root.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), "no level is left out"
    for link in root.all("a"):
        assert str(link.attributes["href"]).removeprefix("#") in ids
    for element in root.all():
        if element.tag != "link":
            assert "src" not in element.attributes
        assert not any(name.startswith("on") for name in element.attributes), "no handler in a tag"
        for name in ("aria-labelledby", "aria-describedby"):
            assert element.attributes.get(name, ids[0]) in ids
    for picture in root.all("svg"):
        hidden = picture.attributes.get("aria-hidden") == "true"
        assert hidden or (picture.attributes["role"] == "img" and len(str(picture.attributes["aria-label"])) > 20)
    for table in root.all("table"):
        assert table.all("caption")[0].text.strip()
        assert all("scope" in header.attributes for header in table.all("th"))
        widths = {len(row.all("th", "td")) for row in table.all("tr")}
        assert len(widths) == 1, "rows are equally long"
    for figure in root.all("figure"):
        assert figure.all("figcaption")[0].text.strip()
