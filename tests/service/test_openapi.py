"""The service against its own description: schemathesis calls it in every way that OpenAPI allows, and others."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import settings
from starlette.testclient import TestClient

from ser_core.service.problems import KINDS
from tests.service.conftest import Made, app_of


def _schema() -> schemathesis.schemas.BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", app_of(Made(), rate=0.0))


schema = schemathesis.pytest.from_fixture("described")


@pytest.fixture(scope="module")
def described() -> schemathesis.schemas.BaseSchema:
    return _schema()


@schema.parametrize()
@settings(max_examples=8)
def test_the_service_keeps_to_its_description(case: schemathesis.Case) -> None:
    case.call_and_validate()


def test_every_address_is_described_with_an_example_and_its_errors() -> None:
    described = TestClient(app_of(Made())).get("/openapi.json").json()
    operations = [(path, operation) for path, methods in described["paths"].items() for operation in methods.values()]
    assert len(operations) == 9
    for path, operation in operations:
        assert operation["summary"]
        assert operation["description"]
        errors = {status for status in operation["responses"] if status[0] in "45"}
        assert errors
        for status in errors:
            assert "application/problem+json" in operation["responses"][status]["content"], (path, status)
            assert int(status) in {number for number, _ in KINDS.values()}
    schemas = described["components"]["schemas"]
    assert all(schemas[name]["examples"] for name in ("PredictionAnswer", "JobAnswer"))
    assert "HTTPValidationError" not in schemas
