"""Extracting paragraphs from HTML, in time linear in the markup.

There is no tree: a tree builder's time grows with the square of the nesting (Lexbor: 6 s for 400 kB
of ``<div>``, measured), and the text of a page needs none. Tags, comments and raw text are
distinguished as browsers do it.
"""

import html
import re
from dataclasses import dataclass, field

from services.ingest.text import clean_line, clean_text

_OPENER = re.compile(r"<(?:(?P<slash>/?)(?P<name>[A-Za-z][^\s/>]*+)|(?P<comment>!--)|[!?/])")
# A value in quotes may hold a ">". A quote that is never closed is an ordinary character.
_REST_OF_TAG = re.compile(r"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)*+>""")
_COMMENT_END = re.compile(r"--!?>")
_EMPTY_COMMENTS = ("<!-->", "<!--->")
# int() refuses thousands of digits, and html.unescape() does not expect it to.
_ENDLESS_REFERENCE = re.compile(r"&#[0-9]{20,};?")

# fmt: off
_BLOCKS = frozenset({  # one word a line would hide the rest of the module
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li", "main",
    "menu", "nav", "ol", "p", "pre", "search", "section", "summary", "table", "tbody", "tfoot",
    "thead", "tr", "ul",
})
# fmt: on
_CELLS = frozenset({"td", "th"})
# What is in them is no markup, up to their own end tag.
_RAW_ENDS = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("iframe", "noembed", "noframes", "script", "style", "textarea", "title")
}
# What is in them is no text of the page.
# fmt: off
_HIDDEN = frozenset({  # one word a line would hide the rest of the module
    "audio", "canvas", "datalist", "noscript", "object", "select", "svg", "template", "video",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader would see. ``title`` is that of the document, else its first heading."""

    title: str | None
    text: str


def parse_html(markup: str) -> Page:
    """Extract text and title of a document or a fragment; any string is one."""
    builder = _PageBuilder()
    position = 0
    while (opener := _OPENER.search(markup, position)) is not None:
        builder.write(markup[position : opener.start()])
        end = _end(markup, opener)
        if end is None:
            # Nothing closes it: a "<" that was meant as one.
            position = opener.start()
            break
        position = end
        if opener["name"] is None:
            continue
        name = opener["name"].lower()
        if opener["slash"]:
            builder.close(name)
        elif name in _RAW_ENDS:
            raw_end = _RAW_ENDS[name].search(markup, end)
            position = raw_end.start() if raw_end else len(markup)
            if name == "title":
                builder.set_title(markup[end:position])
        else:
            builder.open(name, closed=markup[end - 2] == "/")
    builder.write(markup[position:])
    return builder.page()


def _end(markup: str, opener: re.Match[str]) -> int | None:
    """Where the tag, comment or declaration is over; None if it never is."""
    if opener["comment"]:
        for empty in _EMPTY_COMMENTS:
            if markup.startswith(empty, opener.start()):
                return opener.start() + len(empty)
        closing = _COMMENT_END.search(markup, opener.end())
        return closing.end() if closing else len(markup)
    if opener["name"]:
        rest = _REST_OF_TAG.match(markup, opener.end())
        return rest.end() if rest else None
    return markup.find(">", opener.end()) + 1 or None


@dataclass(slots=True)
class _PageBuilder:
    """The page so far. ``hidden`` is the element whose content will be taken back at its end."""

    pieces: list[str] = field(default_factory=list)
    title: str = ""
    heading: str = ""
    heading_from: int | None = None
    preformatted: int = 0
    hidden: str | None = None
    hidden_from: int = 0
    hidden_depth: int = 0

    def write(self, raw: str) -> None:
        if not self.preformatted:
            raw = raw.replace("\n", " ").replace("\r", " ")
        self.pieces.append(_unescape(raw))

    def set_title(self, raw: str) -> None:
        if self.hidden is None and not self.title:
            self.title = clean_line(_unescape(raw))

    def open(self, name: str, *, closed: bool) -> None:
        if name == self.hidden:
            self.hidden_depth += 1
        elif name in _HIDDEN and self.hidden is None and not (closed and name == "svg"):
            self.hidden, self.hidden_from, self.hidden_depth = name, len(self.pieces), 1
        elif name == "pre":
            self.preformatted += 1
        elif name == "h1" and self.hidden is None and not self.heading:
            self.heading_from = len(self.pieces)
        self._break(name)

    def close(self, name: str) -> None:
        if name == self.hidden:
            self.hidden_depth -= 1
            if not self.hidden_depth:
                # Only now: an element that nothing closes hides nothing.
                del self.pieces[self.hidden_from :]
                self.hidden = None
        elif name == "pre":
            self.preformatted = max(self.preformatted - 1, 0)
        elif name == "h1" and self.heading_from is not None and self.hidden is None:
            self.heading = clean_line("".join(self.pieces[self.heading_from :]))
            self.heading_from = None
        self._break(name)

    def page(self) -> Page:
        return Page(self.title or self.heading or None, clean_text("".join(self.pieces)))

    def _break(self, name: str) -> None:
        if name in _BLOCKS:
            self.pieces.append("\n\n")
        elif name == "br":
            self.pieces.append("\n")
        elif name in _CELLS:
            self.pieces.append(" ")


def _unescape(raw: str) -> str:
    if "&" not in raw:
        return raw
    return html.unescape(_ENDLESS_REFERENCE.sub("\ufffd", raw))
