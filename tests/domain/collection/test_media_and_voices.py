"""Media by the policy's list; authors as voices."""

from __future__ import annotations

import pytest

from builders import small_policy
from opinion_stream.domain.collection.media import MediaResolver
from opinion_stream.domain.collection.pseudonym import keyed_hash, voice

MEDIA = MediaResolver(small_policy().media)


@pytest.mark.parametrize(
    ("name", "kind", "channel", "found"),
    [
        ("人民日报", None, None, ("人民日报", "newspaper", "central")),
        ("人民日报客户端", "self_media", "weibo", ("人民日报", "newspaper", "central")),
        ("《安平晚报》", None, None, ("安平晚报", "newspaper", "city")),
        ("小明说事", "self_media", "news", (None, "self_media", "self")),
        ("小明说事", "podcast", "weibo", (None, "unknown", "self")),
        (None, None, "news", (None, "unknown", "city")),
        (None, None, "fax", (None, "unknown", "unknown")),
        (None, None, None, (None, "unknown", "unknown")),
    ],
)
def test_a_listed_medium_keeps_its_name_and_any_other_has_none(
    name: str | None, kind: str | None, channel: str | None, found: tuple[str | None, str, str]
) -> None:
    medium = MEDIA.resolve(name, kind, channel)
    assert (medium.name, medium.kind, medium.tier) == found


def test_the_same_author_is_the_same_voice() -> None:
    assert voice("u-1", b"key", "weibo") == voice("u-1", b"key", "weibo")
    assert len(voice("u-1", b"key")) == 16


def test_another_author_source_or_key_is_another_voice() -> None:
    voices = {voice(a, k, s) for a in ("u-1", "u-2") for k in (b"one", b"two") for s in ("weibo", "hotline")}
    assert len(voices) == 8


def test_parts_of_a_hash_do_not_run_into_each_other() -> None:
    assert keyed_hash(b"key", "ab", "c") != keyed_hash(b"key", "a", "bc")


def test_without_a_key_there_is_no_pseudonym() -> None:
    with pytest.raises(ValueError, match="key is empty"):
        voice("u-1", b"")
