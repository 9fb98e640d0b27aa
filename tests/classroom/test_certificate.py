"""The certificate is one that a TLS client accepts for its names, and its key is nobody else's to read."""

from __future__ import annotations

import datetime
import json
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ser_core.classroom.certificate import MOST_DAYS, default_hosts, local_addresses, make_certificate
from ser_core.errors import ClassroomError

pytest.importorskip("cryptography")


def handshake(certificate: Path, key: Path, name: str) -> None:
    """Shake hands in memory with a server of the certificate, as a client that trusts it and expects *name*."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(certificate))
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(back, there, server_hostname=name),
        server.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_a_client_accepts_it_for_its_names_alone(tmp_path: Path) -> None:
    folder = tmp_path / "place"
    made = make_certificate(folder, ["localhost", "192.168.1.20", "Studio.local"], days=30)
    for name in ("localhost", "192.168.1.20", "studio.local"):
        handshake(made.certificate, made.key, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made.certificate, made.key, "elsewhere.test")
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (made.until - datetime.datetime.now(datetime.UTC).date()).days in (29, 30)
    der = ssl.PEM_cert_to_DER_cert(made.certificate.read_text())
    import hashlib

    assert made.fingerprint.replace(":", "").lower() == hashlib.sha256(der).hexdigest()


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    first = make_certificate(tmp_path, ["localhost"])
    before = first.key.read_bytes()
    with pytest.raises(ClassroomError, match="already"):
        make_certificate(tmp_path, ["localhost"])
    assert first.key.read_bytes() == before
    first.key.chmod(0o644)
    second = make_certificate(tmp_path, ["localhost"], replace=True)
    assert second.key.read_bytes() != before
    assert stat.S_IMODE(second.key.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["certificate.pem", "key.pem"]


@pytest.mark.parametrize("host", ["a b", "", "-x", "x" * 300, "../x", "a\nb"])
def test_what_is_no_host_is_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(ClassroomError, match="name or number"):
        make_certificate(tmp_path, [host])
    assert not list(tmp_path.iterdir())


def test_other_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClassroomError, match="at least one"):
        make_certificate(tmp_path, [])
    with pytest.raises(ClassroomError, match=f"1 to {MOST_DAYS} days"):
        make_certificate(tmp_path, ["localhost"], days=5000)
    (tmp_path / "file").touch()
    with pytest.raises(ClassroomError, match="cannot be written"):
        make_certificate(tmp_path / "file/below", ["localhost"])
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ClassroomError, match=r"requirements-live\.txt"):
        make_certificate(tmp_path, ["localhost"])


def test_this_machine_is_named() -> None:
    hosts = default_hosts()
    assert hosts[:3] == ["localhost", "127.0.0.1", "::1"]
    assert set(local_addresses()) <= set(hosts)
    assert len(set(hosts)) == len(hosts)


def test_the_command(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "scripts/certificate.py"
    call = [sys.executable, str(script), "--folder", str(tmp_path), "--host", "studio.local", "--json"]
    first = subprocess.run(call, capture_output=True, text=True, timeout=100, check=False)
    assert first.returncode == 0
    answer = json.loads(first.stdout)
    assert "studio.local" in answer["hosts"]
    assert Path(answer["key"]).is_file()
    again = subprocess.run(call, capture_output=True, text=True, timeout=100, check=False)
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
