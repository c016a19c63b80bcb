"""Keeps Python's garbage collector out of the way while much is read that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

WORTH_IT = 100_000
"""New objects from which on it pays to leave all there are alone; what is garbage at that moment is left, too."""


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No collection inside; what was made there is not looked through again later.

    The state of a large partition is millions of objects and no garbage, and the collector would go through all of them
    again and again while they grow in number (a sixth of the time of a recovery), and once more now and then for as
    long as the worker lives. Objects are still freed when nobody refers to them any more.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if gc.get_count()[0] > WORTH_IT:
                gc.freeze()
            gc.enable()
