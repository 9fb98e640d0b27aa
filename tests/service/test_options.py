"""What whoever runs the service decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser_core.errors import SettingsError
from ser_core.service import ServiceOptions, check_origins, read_api_keys


def test_keys_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# ours\n\n  one-key \ntwo-key\n")
    assert read_api_keys(file, {"SER_API_KEY": "other"}) == ("one-key", "two-key")
    assert read_api_keys(None, {"SER_API_KEY": "other"}) == ("other",)
    assert read_api_keys(None, {}) == ()
    assert "one-key" not in repr(ServiceOptions(api_keys=("one-key",)))


@pytest.mark.parametrize("content", [None, "", "# none\n", "two words\n", "schlüssel\n"])
def test_a_service_that_should_have_a_key_never_starts_without(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=r"API key"):
        read_api_keys(file)


def test_origins_are_named_one_by_one() -> None:
    assert check_origins(["https://Example.org/", "http://localhost:8501"]) == (
        "https://example.org",
        "http://localhost:8501",
    )
    for wrong in ("*", "example.org", "https://example.org/page", "null"):
        with pytest.raises(SettingsError, match="no origin"):
            check_origins([wrong])
