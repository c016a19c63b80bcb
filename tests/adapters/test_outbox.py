"""What is packed comes out again, in order, in chunks that a broker takes."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.adapters.outbox import CHUNK_BYTES, pack, unpack

RECORDS = st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=20), st.binary(max_size=200)), max_size=20)


@given(RECORDS)
def test_what_is_packed_comes_out_again(records: list[tuple[str, bytes, bytes]]) -> None:
    assert list(unpack(pack(records))) == records


def test_much_is_cut_into_chunks() -> None:
    noise = random.Random(7)
    records = [("incidents", b"key", noise.randbytes(5000)) for _ in range(400)]

    chunks = pack(records)

    assert len(chunks) == 4
    assert all(len(chunk) < 2 * CHUNK_BYTES for chunk in chunks)
    assert list(unpack(chunks)) == records
