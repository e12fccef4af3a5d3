"""HTML → what a reader would see of it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.formats.html import Page, parse_html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<p>Two", "One\n\nTwo"),
        ("<div><div>One</div></div>\n\n <ul><li>a<li>b</ul>", "One\n\na\n\nb"),
        ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
        ("<p>a\n  b\tc</p>", "a b c"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("plain &amp; simple &lt;p&gt; &#8217; &#x41;", "plain & simple <p> \u2019 A"),
        ("a<b>b</b>c <i>d</i>", "abc d"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\n\nc"),
        ("<script>if (a<b) '</p>'</script>x<style>p{}</style>", "x"),
        ("<SCRIPT>a</SCRIPT >x", "x"),
        ("x<script>a<p>b", "x"),
        ("</pre><p>a\nb", "a b"),
        ("<svg/>x</svg>y", "xy"),
        ("<script>a</scripty></script>x", "x"),
        ("<noscript><p>a</p></noscript>x<template>b<template>c</template>d</template>y", "xy"),
        ("<svg><title>a</title><text>b</text></svg>x<svg/>y", "xy"),
        ("<!-- a <p> --!>x<!-->y<!--->z<!doctype html><?xml a?>", "xyz"),
        ('<a title="a > b">x</a>', "x"),
        ("<a title='a > b' href=c>x</a>", "x"),
        ('<a title="never closed>x</a>', "x"),
        ("<a href=it's>x</a>", "x"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("I <3 you", "I <3 you"),
        ("a <b and no more", "a <b and no more"),
        ("<svg>never closed", "never closed"),
        ("<head><meta x><title>t</title></head><body>x", "x"),
        ("&#" + "9" * 5000 + ";x", "\ufffdx"),
        ("a&#0;&#xd800;b", "a\ufffd\ufffdb"),
        ("<title>only</title>", ""),
    ],
)
def test_text_is_what_a_reader_sees(source: str, text: str) -> None:
    assert parse_html(source).text == text


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("<title> A &amp;\n B </title><h1>C</h1>x", "A & B"),
        ("<title> </title><h1>C <i>d</i></h1><h1>E</h1>x", "C d"),
        ("<svg><title>a</title></svg><h1>C</h1>", "C"),
        ("<template><h1>a</h1></template><p>x", None),
        ("<h1>never closed", None),
        ("<template><h1>a</template>b<i>c<i>d<i>e</h1>", None),
        ("<p>x", None),
    ],
)
def test_the_title_is_the_documents_or_its_first_heading(source: str, title: str | None) -> None:
    assert parse_html(source).title == title


SPITE = [
    "<div>",
    "<li><ul>",
    "<div></p>",
    "<div><table><td></div></table>",
    "<svg>",
    "<template><svg>",
    "<h1>a",
    "<pre>",
    "<title>",
    "<script>",
    "<!--",
    "<",
    "</",
    "<a ",
    '<a b="',
    "<a b='\" ",
    "a='b=\" ",
    "&",
    "&#",
    "&notit;",
    "\n ",
]


@pytest.mark.parametrize("unit", SPITE)
@pytest.mark.measured
def test_time_is_linear_in_the_markup(unit: str) -> None:
    """
    However it is nested or broken off: a way that is quadratic takes minutes for this much.
    """
    began = time.process_time()
    parse_html("<p " + unit * 100_000)
    parse_html(unit * 100_000)
    assert time.process_time() - began < 10


def test_a_hundred_thousand_attributes_are_one_tag() -> None:
    attributes = " ".join(f'a{number}="{number}>"' for number in range(100_000))
    assert parse_html(f"<p {attributes}>x") == Page(None, "x")


@given(st.lists(st.sampled_from([*SPITE, "</div>", "</svg>", ">", "-->", "x", '"', "</title>"])))
def test_any_string_is_a_page(pieces: list[str]) -> None:
    page = parse_html("".join(pieces))
    assert page.title is None or page.title
    assert page.text == page.text.strip()
