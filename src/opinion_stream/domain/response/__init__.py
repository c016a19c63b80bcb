"""Response (回应): the tasks that make an answer happen, their state machine, their deadlines and supervision."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opinion_stream.domain.response.desk import Output, ResponseDesk
    from opinion_stream.domain.response.machine import apply

__all__ = ["Output", "ResponseDesk", "apply"]


def __getattr__(name: str) -> object:
    """What `__all__` names, imported when it is asked for: the duty roster needs no more than the calendar here."""
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{'machine' if name == 'apply' else 'desk'}"), name)
