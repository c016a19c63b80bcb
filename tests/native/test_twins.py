"""The inner loops in C give what their twins in Python give, to the last bit."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import opinion_stream.native
from builders import mention, small_policy
from opinion_stream.domain.assessment.document import Document
from opinion_stream.domain.assessment.features import FeatureMaker
from opinion_stream.domain.assessment.idf import idf_table, read_idf
from opinion_stream.domain.assessment.lexicon import Lexicon, PlainFinder, WordSet
from opinion_stream.domain.assessment.segment import Terms, segment
from opinion_stream.domain.collection.clean import plain_words_only, words_only
from opinion_stream.domain.incidents.postings import In, PlainPostings, new_postings
from opinion_stream.domain.incidents.wording import GRAM, grams, plain_shared, shared
from opinion_stream.domain.ranking import add_weights, plain_add_weights, plain_strongest, strongest
from opinion_stream.native import native

pytestmark = pytest.mark.skipif(
    any(native(name) is None for name in ("postings", "terms", "text", "words")),
    reason="the inner loops were not built here (no C compiler, no headers, or OPINION_PURE), so the twins run alone",
)

TERMS = st.sampled_from([*"甲乙丙丁戊己庚辛壬癸", "停水", "小区", "a", "é"])
WEIGHTS = st.dictionaries(TERMS, st.integers(1, 10_000).map(lambda n: n / 10_000), max_size=8)
IDS = st.integers(0, 12).map(lambda n: f"i-{n}")
STEPS = st.one_of(
    st.tuples(st.just("put"), IDS, WEIGHTS, st.integers(1, 5), st.lists(WEIGHTS, max_size=3)),
    st.tuples(st.just("remove"), IDS),
    st.tuples(st.just("search"), WEIGHTS, st.sets(IDS, max_size=3)),
)


@given(st.lists(STEPS, max_size=40))
def test_postings(steps: list[tuple[object, ...]]) -> None:
    plain, fast = PlainPostings(), new_postings()
    assert type(fast) is not PlainPostings
    known: set[str] = set()
    for step in steps:
        match step:
            case ("put", str(name), dict(centroid), int(taken), list(samples)):
                length = plain.put(name, centroid, None, taken, samples)
                assert fast.put(name, centroid, None, taken, samples) == length
                known.add(name)
            case ("remove", str(name)):
                plain.remove(name)
                fast.remove(name)
                known.discard(name)
            case ("search", dict(features), set(barred)):
                found = plain.search(features, lambda name, barred=barred: name not in barred, 0.4, 0.35)
                assert fast.search(features, lambda name, barred=barred: name not in barred, 0.4, 0.35) == found
                near = In({name: "far" if name in barred else "here" for name in known}, frozenset({"here", "there"}))
                assert fast.search(features, near, 0.4, 0.35) == plain.search(features, near, 0.4, 0.35) == found
                for name in known:
                    assert fast.common(features, name) == plain.common(features, name)
        assert len(fast) == len(plain) == len(known)


def test_postings_of_many_incidents_and_common_terms() -> None:
    plain, fast = PlainPostings(), new_postings()
    for number in range(400):
        centroid = {"路": 0.5, f"楼{number % 7}": 0.4, f"号{number}": 0.7, f"区{number % 130}": 0.3}
        for each in (plain, fast):
            each.put(f"i-{number % 390}", centroid, None, 1 + number % 3, ())
            each.remove(f"i-{number - 300}")
    for number in range(400):
        features = {f"号{number}": 0.5, f"区{number % 130}": 0.5, f"楼{number % 7}": 0.5, "路": 0.5}
        assert fast.search(features, lambda _: True, 0.4, 0.35) == plain.search(features, lambda _: True, 0.4, 0.35)


def test_what_may_not_be_asked_is_an_error_and_no_crash() -> None:
    fast = new_postings()
    fast.put("i-0", {"停水": 1.0}, None, 1, ())
    with pytest.raises(KeyError):
        fast.common({}, "i-1")
    with pytest.raises(ZeroDivisionError):
        fast.search({"停水": 1.0}, lambda _: bool(1 // 0), 0.4, 0.35)
    with pytest.raises(KeyError):
        fast.search({"停水": 1.0}, In({}, frozenset()), 0.4, 0.35)
    assert len(fast.search({"停水": 1.0}, lambda _: True, 0.4, 0.35)) == 1
    with pytest.raises(TypeError):
        fast.put("i-2", {"停水": "heavy"}, None, 1, ())  # type: ignore[dict-item]
    assert len(fast) == 1


@given(WEIGHTS, WEIGHTS, st.integers(1, 10))
def test_weights(one: dict[str, float], other: dict[str, float], count: int) -> None:
    assert list(strongest(one, count).items()) == list(plain_strongest(one, count).items())
    sums, plain = dict(one), dict(one)
    add_weights(sums, other)
    plain_add_weights(plain, other)
    assert list(sums.items()) == list(plain.items())


WORDS = ("停水", "小区", "物业", "的", "我们", "2024", "丽江苑", "夜间", "施工", "噪音", "，", "A7", "é")


@pytest.fixture(scope="module")
def makers() -> tuple[FeatureMaker, FeatureMaker]:
    policy = small_policy().incidents.model_copy(update={"max_features": 8})
    terms = Terms(("我们", "小区"))
    fast, plain = FeatureMaker(policy, terms), FeatureMaker(policy, terms)
    plain._native = None
    return fast, plain


@given(title=st.lists(st.sampled_from(WORDS), max_size=6), text=st.lists(st.sampled_from(WORDS), max_size=30))
def test_features_and_keywords(makers: tuple[FeatureMaker, FeatureMaker], title: list[str], text: list[str]) -> None:
    nothing = Lexicon(()).scan("")
    document = Document(
        mention=mention(title="".join(title), text="".join(text)),
        title_words=segment("".join(title)),
        text_words=segment("".join(text)),
        title_hits=nothing,
        text_hits=nothing,
        hint_hits=nothing,
        found=frozenset(),
    )
    (features, keywords), (plain, told) = (maker.describe(document) for maker in makers)
    assert list(features.items()) == list(plain.items())
    assert keywords == told


@given(st.text())
def test_words_and_shingles(text: str) -> None:
    assert words_only(text) == plain_words_only(text)
    units = text.encode("utf-16-le", "surrogatepass")
    runs = [units[at : at + 2 * GRAM].rstrip(b"\0") for at in range(0, len(units) - 2 * GRAM + 1, 2)]
    assert grams(text) == runs


PASSAGES = st.lists(
    st.sampled_from(["停水三天没人管", "小区", "物业", "\0\0", "\U0001f4a7", "的", "a"]), max_size=12
).map("".join)


@given(PASSAGES, PASSAGES)
def test_what_two_texts_share(one: str, other: str) -> None:
    ones, others = one.encode("utf-16-le"), other.encode("utf-16-le")
    assert shared(ones, others) == plain_shared(ones, others)


def test_every_character() -> None:
    for code in (*range(0xD800), *range(0xE000, 0x10000), 0x1F600, 0x20000, 0x2A6DF):
        assert words_only(f"A{chr(code)}7") == plain_words_only(f"A{chr(code)}7"), hex(code)


def test_a_table_of_frequencies() -> None:
    module = native("text")
    assert module is not None
    raw = "一 1.5\n二 13.900677652\n一 2.25\n三 0.1234567890123456789\nab 7".encode()
    table = module.Frequencies(raw)
    assert {word: table.get(word, None) for word in ("一", "二", "三", "ab", "a", "")} == {
        **read_idf(raw),
        "a": None,
        "": None,
    }
    assert ("三" in table, "四" in table, "\ud800" in table, len(table)) == (True, False, False, 4)
    assert table.median() == sorted(read_idf(raw).values())[2]
    assert idf_table().median > 0


def test_the_twins_are_taken_where_nothing_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPINION_PURE", "1")
    assert native("postings") is None
    assert type(new_postings()) is PlainPostings
    monkeypatch.setenv("OPINION_PURE", "0")
    assert importlib.reload(opinion_stream.native).native("no_such_module") is None


def test_the_twins_are_taken_where_what_was_built_is_of_another_day(monkeypatch: pytest.MonkeyPatch) -> None:
    assert native("text") is not None
    monkeypatch.setattr(opinion_stream.native, "INTERFACE", 1)
    assert opinion_stream.native.native("text") is None


LEXICON = ["停水", "停水的小区", "水", "小区物业", "小区", "区物", "KTV", "ktv", "A7", "é", "\U0001f4a7停", "的"]
SIGNS = st.sampled_from(
    ["停", "水", "的", "小", "区", "物", "业", "k", "T", "V", "a", "7", "é", "ß", "，", "\U0001f4a7"]
)


@given(st.lists(SIGNS, max_size=30).map("".join), st.sets(st.sampled_from(LEXICON)))
def test_words_in_a_text(text: str, among: set[str]) -> None:
    fast, plain = Lexicon(LEXICON), Lexicon(LEXICON)
    folded = dict.fromkeys(word.upper() for word in sorted(LEXICON))
    plain._scan = PlainFinder(list(folded), plain._table).scan
    found, told = fast.scan(text), plain.scan(text)
    assert (found.spans, found.words) == (told.spans, told.words)
    assert found.longest(WordSet(among)) == told.longest(WordSet(among))


def test_a_finder_asked_what_may_not_be_asked_is_an_error_and_no_crash() -> None:
    module = native("words")
    assert module is not None
    for words, table in ((["停水"], []), ([""], [("",)]), ([1], [(1,)]), (["停水"], ["停水"])):
        with pytest.raises((TypeError, ValueError)):
            module.Finder(words, table)
    finder = module.Finder(["停水"], [("停水",)])
    assert finder.scan("é停水", False) is None
    found = finder.scan("é停水", True)
    assert found.triples() == [(0, 1, 3)]
    assert found.longest([]) == []
    with pytest.raises(TypeError):
        found.longest("停水")
    with pytest.raises(TypeError):
        finder.scan("停水")
    with pytest.raises(TypeError):
        type(found)()


def test_every_character_that_is_taken_as_it_is_has_no_capital() -> None:
    module = native("words")
    assert module is not None
    finder = module.Finder(["停水"], [("停水",)])
    for code in range(0x80, 0x11000):
        assert finder.scan(chr(code), False) is None or chr(code).upper() == chr(code), hex(code)
