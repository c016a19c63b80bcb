"""The list of keys as an operator writes it, and seals that retired keys still open."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from opinion_stream.adapters.key_file import read_keys
from opinion_stream.adapters.seal import Sealer
from opinion_stream.demo.road import environment
from opinion_stream.domain.collection.keys import Key, KeyRing
from opinion_stream.errors import OpinionStreamError, SettingsError
from opinion_stream.settings import load_settings

LIST = """# rotated by the duty engineer
rotation_days: 60
keys:
  - {id: 2026q3, from: 2026-07-01, secret: an old secret of the city}
  - {id: 2026q4, from: 2026-10-01, secret: a new secret of the city}
"""
OLD = Key("2026q3", date(2026, 7, 1), b"an old secret of the city")
NEW = Key("2026q4", date(2026, 10, 1), b"a new secret of the city")


def test_a_list_of_keys_is_read_as_yaml_and_as_json() -> None:
    ring = read_keys(LIST, "X")
    assert (ring.keys, ring.rotation_days) == ((OLD, NEW), 60)
    entries = [{"id": k.id, "from": str(k.since), "secret": k.secret.decode()} for k in (NEW, OLD)]
    assert read_keys(json.dumps({"keys": entries}), "X").keys == (OLD, NEW)


def test_a_text_without_a_list_is_one_key_as_it_stands() -> None:
    for text in ("0123456789abcdef", "a: secret, with {signs} of yaml", "my keys are many and long"):
        [key] = read_keys(text, "X").keys
        assert (key.id, key.secret) == ("", text.encode())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("short", "at least 16 characters"),
        ("keys: []", "keys"),
        (LIST.replace("2026q4", "2026 Q4"), "keys.1.id"),
        (LIST.replace("2026-10-01", "October"), "keys.1.from"),
        (LIST.replace("a new secret of the city", "hidden"), "keys.1.secret"),
        (LIST.replace("2026q4", "2026q3"), "same id"),
        (LIST.replace("rotation_days: 60", "rotation_day: 60"), "rotation_day"),
        (LIST + "  - {", "line"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_is(text: str, named: str) -> None:
    with pytest.raises(SettingsError, match="OPINION_X") as error:
        read_keys(text, "OPINION_X")
    assert named in str(error.value)
    assert not any(secret in str(error.value) for secret in ("hidden", "secret of the city"))


def test_settings_take_the_list_from_variable_and_file_and_hand_it_to_workers(tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text(LIST, encoding="utf-8")
    for settings in (load_settings(pseudonym_key=LIST), load_settings(pseudonym_key_file=path)):
        assert settings.secret_key().keys == (OLD, NEW)
        handed = environment(settings, tmp_path)["OPINION_PSEUDONYM_KEY"]
        assert read_keys(handed, "X").keys == (OLD, NEW)
        assert "secret of the city" not in repr(settings)


def test_the_day_of_the_record_chooses_the_key_that_seals_and_retired_keys_open() -> None:
    before, both = Sealer(OLD.secret), Sealer(KeyRing([OLD, NEW]))
    august, october = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)

    assert both.seal(b"letter", august) == before.seal(b"letter")
    assert both.seal(b"letter", october) == Sealer(NEW.secret).seal(b"letter")
    assert both.open(before.seal(b"letter")) == both.open(both.seal(b"letter", october)) == b"letter"


def test_a_seal_whose_key_has_left_the_list_stays_shut() -> None:
    with pytest.raises(OpinionStreamError, match="cannot be opened"):
        Sealer(KeyRing([NEW])).open(Sealer(OLD.secret).seal(b"letter"))
