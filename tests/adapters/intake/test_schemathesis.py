"""What the OpenAPI document promises is what the service does: schemathesis finds no difference."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings

from intake_support import AUTH, CLIENT, Shelf, app_on
from opinion_stream.adapters.intake.tokens import Tokens


class EverySource(frozenset[str]):
    """So that generated names of sources pass, which no real token allows."""

    def __contains__(self, item: object) -> bool:
        return True


def _schema() -> schemathesis.BaseSchema:
    shelf = Shelf()
    tokens = Tokens((CLIENT.model_copy(update={"sources": EverySource()}),))
    return schemathesis.openapi.from_asgi("/openapi.json", app_on(shelf, tokens, intake_rate=1e6))


schema = _schema()
answers: set[int] = set()


@schema.parametrize()
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_generated_requests_get_the_answers_that_the_document_promises(case: schemathesis.Case) -> None:
    response = case.call_and_validate(headers=AUTH)
    answers.add(response.status_code)


def test_the_generated_requests_reached_both_acceptance_and_refusal() -> None:
    assert answers >= {200, 202, 401, 405, 409, 415, 422}
