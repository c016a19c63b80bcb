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
asked: set[tuple[str, str]] = set()
given = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def keeps_its_promise(case: schemathesis.Case) -> None:
    response = case.call_and_validate(headers=AUTH)
    answers.add(response.status_code)
    asked.add((case.operation.method.upper(), case.operation.path))


# One function an operation: all that `parametrize` makes of one function go by one name, of which xdist runs one alone.
@schema.include(path="/v1/mentions", method="POST").parametrize()
@given
def test_posting_a_mention_is_answered_as_the_document_promises(case: schemathesis.Case) -> None:
    keeps_its_promise(case)


@schema.include(path="/v1/mentions:bulk", method="POST").parametrize()
@given
def test_posting_many_is_answered_as_the_document_promises(case: schemathesis.Case) -> None:
    keeps_its_promise(case)


@schema.include(path="/healthz", method="GET").parametrize()
@given
def test_asking_whether_it_lives_is_answered_as_the_document_promises(case: schemathesis.Case) -> None:
    keeps_its_promise(case)


@schema.include(path="/readyz", method="GET").parametrize()
@given
def test_asking_whether_it_is_ready_is_answered_as_the_document_promises(case: schemathesis.Case) -> None:
    keeps_its_promise(case)


def test_the_generated_requests_reached_every_operation_and_both_acceptance_and_refusal() -> None:
    # Of what the tests above did: run this file as a whole.
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {(operation.method.upper(), operation.path) for operation in operations} == asked
    assert answers >= {200, 202, 401, 405, 409, 415, 422}
