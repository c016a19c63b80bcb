"""On real messages no mask lies over a road number, a date, a sum or the number of a policy document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from opinion_stream.domain.collection.clean import clean
from opinion_stream.domain.collection.mask import mask
from privacy_corpus.scoring import marks_of

MESSAGES = Path(__file__).parents[4] / "shared" / "data" / "messages.jsonl"

# Written apart from the masking, and wider than it needs to be.
NOT_PERSONAL = {
    "road": r"(?<![A-Za-z0-9])[GSXY][0-9]{1,4}(?![0-9A-Za-z栋座幢区#])|[0-9]{2,3}(?:国道|省道|县道)"
    r"|[0-9]{1,3}路(?:公交|车)|K[0-9]+\+[0-9]+",
    "date": r"[0-9]{4}\s?[-./年]\s?[0-9]{1,2}\s?[-./月]\s?[0-9]{1,2}(?![0-9])"
    r"|(?<![0-9])[0-9]{4}年|[0-9]{1,2}月[0-9]{1,2}[日号]|(?<![0-9])(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])(?![0-9])"
    r"|(?<![0-9])[0-9]{1,2}[:：][0-9]{2}(?![0-9])",
    "amount": r"[0-9][0-9.,]*\s?[余多]?(?:元|块钱|万|亿|千元|百元|%|％|平方|平米|㎡|吨|公里|千米)",
    "document": r"[〔\[【(（]\s?(?:19|20)[0-9]{2}\s?年?[〕\]】)）]\s?第?\s?[0-9]+\s?号|GB(?:/T)?\s?[0-9]+-[0-9]{4}"
    r"|第[0-9一二三四五六七八九十百]+条",
}


def test_no_mask_lies_over_a_road_a_date_a_sum_or_a_document() -> None:
    if not MESSAGES.exists():
        pytest.skip("the real messages (../shared/data/messages.jsonl) are not on this machine")
    patterns = {kind: re.compile(pattern) for kind, pattern in NOT_PERSONAL.items()}
    spots, wrong = 0, []
    for line in MESSAGES.read_bytes().splitlines():
        row = json.loads(line)
        for field in ("title", "text"):
            text = clean(row[field])
            masked, counts = mask(text)
            if not counts:
                continue
            near = [(kind, *m.span()) for kind, pattern in patterns.items() for m in pattern.finditer(text)]
            spots += len(near)
            marks = marks_of(text, masked)
            # Neither text nor datum may stand in a test's report, so the message is named alone.
            wrong += [(row["id"], k, mark[2]) for mark in marks for k, a, b in near if a < mark[1] and mark[0] < b]
    assert spots > 500
    assert wrong == []
