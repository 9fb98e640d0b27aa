"""The service against its own description: schemathesis calls it in ways that OpenAPI allows, and in others."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from ser_core.service.problems import KINDS
from tests.service.conftest import Made, app_of


@pytest.fixture
def described() -> FastAPI:
    """A service for one test: schemathesis starts and ends it, and it does not start twice."""
    return app_of(Made(), rate=0.0)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_service_keeps_to_its_description(described: FastAPI, mode: GenerationMode) -> None:
    called = []
    # Not by schemathesis' own decorator, which needs an older pytest.
    for found in schemathesis.openapi.from_asgi("/openapi.json", described).get_all_operations():
        operation = found.ok()

        @settings(max_examples=15, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            # A description of bytes cannot say which of them are a recording.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        try:
            check()
        except Unsatisfiable:  # an address that takes nothing cannot be given anything wrong
            continue
        called.append(operation.label)
    assert {"POST /v1/predict", "POST /v1/timelines", "GET /v1/timelines/{job_id}"} <= set(called)


def test_every_address_is_described_with_an_example_and_its_errors(described: FastAPI) -> None:
    schema = TestClient(described).get("/openapi.json").json()
    operations = [(path, operation) for path, methods in schema["paths"].items() for operation in methods.values()]
    assert len(operations) == 9
    for path, operation in operations:
        assert operation["summary"]
        assert operation["description"]
        errors = {status for status in operation["responses"] if status[0] in "45"}
        assert errors
        for status in errors:
            assert "application/problem+json" in operation["responses"][status]["content"], (path, status)
            assert int(status) in {number for number, _ in KINDS.values()}
    schemas = schema["components"]["schemas"]
    assert all(schemas[name]["examples"] for name in ("PredictionAnswer", "JobAnswer"))
    assert "HTTPValidationError" not in schemas
