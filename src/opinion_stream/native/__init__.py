"""Inner loops in C, built by `setup` where there is a compiler. Each has a twin in Python that gives equal results.

`OPINION_PURE=1` in the environment keeps to the twins.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType


def native(name: str) -> ModuleType | None:
    """The compiled module of that name in this package; None where it was not built or is not wanted."""
    if os.environ.get("OPINION_PURE", "0") not in ("", "0"):
        return None
    try:
        return import_module(f"{__name__}.{name}")
    except ImportError:
        return None
