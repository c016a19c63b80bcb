"""Response (回应): the tasks that make an answer happen, their state machine, their deadlines and supervision."""

from opinion_stream.domain.response.desk import Output, ResponseDesk
from opinion_stream.domain.response.machine import apply

__all__ = ["Output", "ResponseDesk", "apply"]
