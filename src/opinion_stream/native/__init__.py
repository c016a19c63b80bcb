"""Inner loops in C, built by `setup` where there is a compiler. Each has a twin in Python that gives equal results.

`OPINION_PURE=1` in the environment keeps to the twins.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

INTERFACE = 2
"""What the modules take and give, as in `interface.h`; raised with every change of it, since what was built before an
update may still lie there."""


def native(name: str) -> ModuleType | None:
    """The compiled module of that name in this package; None where there is none, an old one, or none is wanted."""
    if os.environ.get("OPINION_PURE", "0") not in ("", "0"):
        return None
    try:
        module = import_module(f"{__name__}.{name}")
    except ImportError:
        return None
    return module if getattr(module, "INTERFACE", 1) == INTERFACE else None
