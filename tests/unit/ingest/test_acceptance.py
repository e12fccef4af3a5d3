"""Bytes → an accepted article or one refusal, never anything else."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts import identity
from services.contracts.articles import AcceptedArticle, Precision, Status
from services.contracts.errors import ContractViolation
from services.ingest.acceptance import accept

ARRIVAL = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
NOW = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
MIB = 1024 * 1024
# All but the text, which every pushed article here has.
FIELDS = (
    *("html", "title", "source", "id", "url", "published_at", "updated_at"),
    *("language", "authors", "section", "tags", "status"),
)
SAMPLE = Path(__file__).parents[2] / "data" / "2025-12-27-new-year-greetings.txt"


def accepted(value: bytes | None, *, max_article_bytes: int = MIB) -> AcceptedArticle:
    return accept(value, arrival=ARRIVAL, now=NOW, max_article_bytes=max_article_bytes)


def pushed(**fields: object) -> AcceptedArticle:
    return accepted(json.dumps({"text": "Some text.", **fields}).encode())


def refusal(value: bytes | None, *, max_article_bytes: int = MIB) -> str:
    with pytest.raises(ContractViolation) as caught:
        accepted(value, max_article_bytes=max_article_bytes)
    assert str(caught.value).startswith(f"{caught.value.code}: ")
    return caught.value.code


def refusal_of(**fields: object) -> str:
    return refusal(json.dumps({"text": "Some text.", **fields}).encode())


def test_the_sample_keeps_its_headline_its_day_and_its_ten_paragraphs() -> None:
    article = accepted(SAMPLE.read_bytes())

    assert article.title is not None
    assert article.title.startswith("North Korean, Russian leaders send New Year\u2019s greetings")
    assert article.title.endswith("in Ukraine war.")
    assert article.published_at == "2025-12-27"
    assert article.published_precision is Precision.DAY
    assert len(article.text.split("\n\n")) == 10
    assert "date 2025" not in article.text
    assert article.extra == {}
    assert article.word_count == len(article.text.split())
    assert (article.received_at, article.accepted_at) == (ARRIVAL, NOW)


def test_every_named_field_has_its_place() -> None:
    article = pushed(
        title=" A  title\n",
        source="wire",
        id=7,
        url=" https://example.com/a?utm_source=x ",
        published_at="2025-12-27T10:00:00.5+09:00",
        updated_at="2025-12-28",
        language="en",
        authors=["Ann", {"name": "Bob", "role": "editor"}],
        section="World",
        tags="one",
        status="Withheld",
        mood={"a": [1, None, 2.5]},
    )

    assert article.title == "A title"
    assert article.url == "https://example.com/a?utm_source=x"
    assert article.published_at == "2025-12-27T01:00:00.500Z"
    assert article.published_precision is Precision.INSTANT
    assert article.updated_at == "2025-12-28"
    assert (article.source, article.language, article.section) == ("wire", "en", "World")
    assert (article.authors, article.tags) == (("Ann", "Bob"), ("one",))
    assert article.status is Status.WITHHELD
    assert article.extra == {
        "id": 7,
        "mood": {"a": [1, None, 2.5]},
        "authors": ["Ann", {"name": "Bob", "role": "editor"}],
    }
    assert AcceptedArticle.decode(article.encode()) == article


def test_size_is_checked_before_anything_is_parsed() -> None:
    with pytest.raises(ContractViolation, match="too_large: 2049 bytes, the limit is 2048 bytes"):
        accepted(b"\xff" * 2049, max_article_bytes=2048)
    assert refusal(b"\xff" * 2048, max_article_bytes=2048) == "not_utf8"


DEEP = b'{"text":"a","x":' + b"[" * 31 + b"]" * 31 + b"}"
TOO_DEEP = b'{"text":"a","x":' + b"[" * 32 + b"]" * 32 + b"}"
BAD = [
    (None, "empty"),
    (b"", "empty"),
    (b" \n\t ", "empty"),
    (b"\xef\xbb\xbf", "empty"),
    ("\u3000\u2003".encode(), "empty"),
    (b'{"text":"caf\xe9"}', "not_utf8"),
    (b"\xed\xa0\x80 raw surrogate\n\ntext", "not_utf8"),
    ("{}".encode("utf-16"), "not_utf8"),
    (b"head\n\nte\0xt", "nul_character"),
    (b'{"text":"a\\u0000b"}', "nul_character"),
    (b'{"text":"a","x":{"\\u0000":1}}', "nul_character"),
    (b'["text"]', "not_an_object"),
    (b' [{"a":1,"a":2}] ', "not_an_object"),
    (b'"text"', "not_an_object"),
    (b"12.5e3", "not_an_object"),
    (b"9" * 5000, "not_an_object"),
    (b"null", "not_an_object"),
    (b"{", "invalid_json"),
    (b'{"text":"a"} {"text":"b"}', "invalid_json"),
    (b'{"text":"a",}', "invalid_json"),
    (b"{'text':'a'}", "invalid_json"),
    (b'{"text":"a\nb"}', "invalid_json"),
    (b'{"text":"a","text":"b"}', "duplicate_key"),
    (b'{"text":"a","x":[{"y":1,"\\u0079":1}]}', "duplicate_key"),
    (b'{"text":"a","x":NaN}', "number_out_of_range"),
    (b'{"text":"a","x":-Infinity}', "number_out_of_range"),
    (b'{"text":"a","x":1e400}', "number_out_of_range"),
    (b'{"text":"a","x":9223372036854775808}', "number_out_of_range"),
    (b'{"text":"a","x":-9223372036854775809}', "number_out_of_range"),
    (b'{"text":"a","x":' + b"9" * 5000 + b"}", "number_out_of_range"),
    (b'{"text":"a","x":0.' + b"1" * 5000 + b"}", "number_out_of_range"),
    (b'{"text":"a\\ud800"}', "lone_surrogate"),
    (b'{"text":"a","x":["\\udc00\\ud800"]}', "lone_surrogate"),
    (b'{"text":"a","\\ud83d":1}', "lone_surrogate"),
    (TOO_DEEP, "too_deep"),
    (b"[" * MIB, "too_deep"),
    (b'{"a":' * (MIB // 5), "too_deep"),
    (b"{}", "no_text"),
    (b'{"text":null,"html":" "}', "no_text"),
    (b'{"html":"<script>x</script><!-- y -->"}', "no_text"),
    (b"Only a headline", "no_text"),
    (b"date 2025-12-27\n", "no_text"),
    (b'{"status":"canceled","text":"a","source":"wire"}', "no_identity"),
]


@pytest.mark.parametrize(("value", "code"), BAD)
def test_a_bad_record_has_one_code(value: bytes | None, code: str) -> None:
    assert refusal(value) == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"text": 1}, "wrong_type"),
        ({"text": ["a"]}, "wrong_type"),
        ({"html": {}}, "wrong_type"),
        ({"title": 1}, "wrong_type"),
        ({"source": False}, "wrong_type"),
        ({"url": []}, "wrong_type"),
        ({"id": True}, "wrong_type"),
        ({"id": 1.0}, "wrong_type"),
        ({"status": "dead"}, "wrong_status"),
        ({"status": 1}, "wrong_status"),
    ],
)
def test_what_identity_and_status_depend_on_is_strict(fields: dict[str, object], code: str) -> None:
    assert refusal_of(**fields) == code


@pytest.mark.parametrize(
    "value",
    [
        DEEP,
        b'{"text":"a","x":[' + b"[]," * 40 + b"{}]}",
        b'\xef\xbb\xbf{"text":"a"}',
        b'{"text":"a","x":9223372036854775807,"y":-9223372036854775808,"z":1e308}',
        b'{"text":"a","x":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b'{"text":"a","x":"\\"' + b"[" * 40 + b'"}',
        b'{"text":"a \\\\u0000 \\\\ud800"}',
        b'{"text":"\\ud83d\\ude00"}',
        b"[Reuters] Headline\n\nText [[ of it",
        b'"Quoted" headline\n\nText',
        b"true love\n\nText",
        b"NaN\n\nText",
        b"12 dead\n\nText",
    ],
)
def test_what_looks_bad_but_is_not_is_taken(value: bytes) -> None:
    article = accepted(value)
    assert AcceptedArticle.decode(article.encode()) == article


def test_null_and_blank_are_absent() -> None:
    for blank in (None, ""):
        article = pushed(**dict.fromkeys(FIELDS, blank))
        assert article.model_dump(exclude={"extra"}) == pushed().model_dump(exclude={"extra"})


def test_unusable_values_stay_as_they_came_with_a_note() -> None:
    article = pushed(
        language=["en"],
        authors=["Ann", 5],
        section={"name": "x"},
        tags=7,
        published_at="99999-01-01",
        updated_at=1_735_300_000,
        newsline_problems="theirs",
    )

    assert article.authors == ("Ann",)
    assert (article.language, article.section, article.tags) == (None, None, ())
    assert (article.published_at, article.published_precision) == (None, None)
    notes = article.extra.pop("newsline_problems")
    assert notes[0] == "theirs"
    assert sorted(note.partition(":")[0] for note in notes[1:]) == [
        "authors",
        "language",
        "published_at",
        "section",
        "tags",
        "updated_at",
    ]
    assert article.extra == {
        "language": ["en"],
        "authors": ["Ann", 5],
        "section": {"name": "x"},
        "tags": 7,
        "published_at": "99999-01-01",
        "updated_at": 1_735_300_000,
    }


def test_a_publishers_own_problems_are_left_alone() -> None:
    assert pushed(newsline_problems=[1]).extra == {"newsline_problems": [1]}
    assert pushed(newsline_problems=[1], tags=2).extra["newsline_problems"][0] == 1


def test_what_is_too_long_or_too_many_is_kept_in_extra() -> None:
    article = pushed(
        title="t" * 2001,
        url="http://a/" + "u" * 2000,
        source="s" * 1001,
        section="s" * 1001,
        authors=[f"a{number}" for number in range(101)],
        tags=[f"t{number}" for number in range(201)],
    )

    assert article.title == "t" * 2000
    assert (article.url, article.source, article.section) == (None, None, None)
    assert (len(article.authors), len(article.tags)) == (100, 200)
    assert article.extra["title"] == "t" * 2001
    assert len(article.extra["url"]) == 2009
    assert len(article.extra["tags"]) == 201
    assert len(article.extra["newsline_problems"]) == 6


def test_nothing_in_a_list_is_no_problem_and_too_long_a_name_is_one() -> None:
    assert pushed(tags=["a", None, " "]).extra == {}
    article = pushed(tags=["a", "t" * 1001])
    assert article.tags == ("a",)
    assert article.extra["tags"] == ["a", "t" * 1001]


def test_what_just_fits_is_no_problem() -> None:
    article = pushed(title="t" * 2000, source="s" * 1000, authors=["a"] * 100, tags=["t"] * 200)
    assert article.extra == {}


def test_a_url_too_long_to_keep_still_names_its_article() -> None:
    long = "http://a/" + "u" * 2000
    first, second = pushed(url=long, title="A"), pushed(url=long, title="B")
    assert first.article_id == second.article_id
    assert first.article_id != pushed(url=long + "v", title="A").article_id


def test_text_wins_over_html_which_is_kept() -> None:
    both = pushed(html="<p>Other</p>")
    assert (both.text, both.extra) == ("Some text.", {"html": "<p>Other</p>"})
    assert pushed(html=" ").extra == {}
    blank = pushed(text=" ", html="<title>T</title><p>Other</p>")
    assert (blank.text, blank.title, blank.extra) == ("Other", "T", {})
    titled = pushed(text=None, title="Mine", html="<title>T</title><p>Other</p>")
    assert titled.title == "Mine"


def test_the_id_is_text_and_told_from_that_of_another_source() -> None:
    one = pushed(source="wire", id=7)
    assert one.article_id == pushed(source="wire", id=" 7", text="other").article_id
    assert one.article_id != pushed(source="other", id=7).article_id


def test_identity_survives_tracking_and_a_new_title() -> None:
    first = pushed(url="https://Example.com:443/a?b=1&utm_source=x&a=2#top", title="A")
    second = pushed(url="http://example.com/a?a=2&b=1", title="B", text="new")
    assert first.article_id == second.article_id


def test_title_and_day_name_what_nothing_else_names() -> None:
    day = pushed(title="A  Title", published_at="2025-12-27")
    assert day.article_id == pushed(title="a title", published_at="2025-12-27T10:00Z").article_id
    assert day.article_id != pushed(title="A title", published_at="2025-12-28").article_id


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, 0),
        ({"published_at": "1970-01-02"}, 86_400),
        ({"published_at": "1970-01-02", "updated_at": "1970-01-02T00:00:01.9Z"}, 86_401),
        ({"published_at": "1970-01-02", "updated_at": "yesterday"}, 86_400),
        ({"published_at": "1969-12-31"}, 0),
        ({"published_at": "2101-01-01"}, 0),
    ],
)
def test_the_version_is_what_is_claimed_then_when_it_came(
    fields: dict[str, object], seconds: int
) -> None:
    expected = identity.version(claimed_seconds=seconds, arrival_seconds=int(ARRIVAL.timestamp()))
    assert pushed(**fields).version == expected


@pytest.mark.parametrize("status", ["canceled", " Cancelled "])
def test_a_kill_notice_names_its_article_and_keeps_nothing_of_it(status: str) -> None:
    fields = {"title": "T", "url": "http://a/b", "published_at": "2025-12-27"}
    live = pushed(**fields)
    kill = pushed(**fields, status=status, authors="Ann", section="S", tags=["t"], more=1)

    assert kill.article_id == live.article_id
    assert kill.version > pushed(**fields, updated_at="2099-12-31").version
    assert kill.status is Status.CANCELED
    assert (kill.text, kill.title, kill.authors, kill.section) == ("", None, (), None)
    assert (kill.tags, kill.extra, kill.word_count) == ((), {}, 0)


@pytest.mark.parametrize("named", [{"id": 1}, {"url": "a"}, {"title": "t"}])
def test_a_kill_notice_needs_no_text(named: dict[str, object]) -> None:
    assert accepted(json.dumps({"status": "canceled", **named}).encode()).text == ""


def test_refusals_never_quote() -> None:
    quoted = "QUOTED"
    for template in (
        '{"%s":1,"%s":2}',
        '{"text":"%s\\ud800"}',
        '{"text":"%s", %s}',
        '{"status":"%s"}',
        '["%s"]',
        '{"a":"\\x%s"}',
    ):
        value = template.replace("%s", quoted).encode()
        with pytest.raises(ContractViolation) as caught:
            accepted(value)
        assert quoted not in str(caught.value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["2025-12-27", "2025-12-27T10:00+09:00", "<p>a</p>", "canceled", "http://["]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
NAMES = st.sampled_from([*FIELDS, "text", "newsline_problems", "other"])
OBJECTS = st.dictionaries(NAMES, JSON).map(
    lambda fields: json.dumps(fields, ensure_ascii=True).encode()
)


def settled(value: bytes) -> None:
    try:
        article = accepted(value)
    except ContractViolation as violation:
        detail = str(violation)
    else:
        assert AcceptedArticle.decode(article.encode()) == article
        assert accepted(value) == article
        return
    assert len(detail) <= 250


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_article_that_survives_the_wire_or_are_refused(value: bytes) -> None:
    settled(value)


@settings(max_examples=300, deadline=None)
@given(OBJECTS)
def test_any_object_is_an_article_that_survives_the_wire_or_is_refused(value: bytes) -> None:
    settled(value)


@pytest.mark.parametrize(
    "value",
    [
        "head\n\n" + "\u0316\u0301" * 200_000,
        "head\n\n" + "\U0001d165\u0316" * 100_000,
        "head\n\n" + "a \n" * 300_000,
        "[" + '"' * 1_000_000,
        '{"x":"' + '\\"' * 500_000,
        '{"text":"a","x":[' + "[]," * 300_000 + "0]}",
        '{"text":"a","url":"http://' + "ü." * 4000 + '"}',
        '{"text":"a","url":"http://' + "ü" * 400_000 + '"}',
        '{"text":"a","x":1' + "0" * 900_000 + "}",
        "date " * 200_000,
    ],
    ids=lambda value: ascii(value[:20]),
)
@pytest.mark.measured
def test_a_megabyte_of_spite_costs_a_moment(value: str) -> None:
    began = time.process_time()
    settled(value.encode())
    # Twice through accept(), about 0.5 s on a slow machine; the quadratic ways take minutes.
    assert time.process_time() - began < 10
