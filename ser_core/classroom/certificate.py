"""A self-signed certificate for https on a local network, without which browsers lend no microphone to other machines.

Nobody vouches for it: each browser warns once, and the person compares the fingerprint or trusts the teacher.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from ser_core.errors import ClassroomError
from ser_core.files import write_bytes

CERTIFICATE_NAME, KEY_NAME = "certificate.pem", "key.pem"
#: Browsers refuse certificates that are valid for longer (Apple: 825 days, others warn earlier).
MOST_DAYS = 397
_MISSING = (
    "The library that makes certificates is not installed: run 'pip install -r requirements-live.txt', then try again."
)
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True)
class Certificate:
    """What was made: the two files, the names it is good for, and its SHA-256 fingerprint as browsers show it."""

    certificate: Path
    key: Path
    hosts: tuple[str, ...]
    fingerprint: str
    until: datetime.date


def local_addresses() -> list[str]:
    """Return this machine's numbers in its network; asks nobody, and is empty without a network."""
    found: list[str] = []
    for family, anywhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # Connecting a datagram socket sends nothing: it only chooses the way out (addresses of RFC 5737 and 3849).
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((anywhere, 9))
            address = probe.getsockname()[0]
            if not ipaddress.ip_address(address).is_loopback:
                found.append(address)
    return found


def default_hosts() -> list[str]:
    """Return the names and numbers by which this machine is reached."""
    name = socket.gethostname().lower()
    names = [name] if _NAME.fullmatch(name) else []
    return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", *names, *local_addresses()]))


def make_certificate(folder: Path, hosts: list[str], days: int = 90, *, replace: bool = False) -> Certificate:
    """Write a new key, readable by its owner alone, and a certificate for it.

    Parameters
    ----------
    folder
        Made where it is missing, for its owner alone.
    hosts
        Names and IP addresses by which browsers reach this machine.
    days
        It is valid from yesterday, since clocks differ, for so many days.
    replace
        Whether files that are there may be replaced.

    Raises
    ------
    ClassroomError
        If the library is missing, a name is none, files are in the way or cannot be written.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ClassroomError(f"A certificate is valid for 1 to {MOST_DAYS} days: give another number.")
    alternatives = _alternatives(hosts)
    certificate, key = folder / CERTIFICATE_NAME, folder / KEY_NAME
    if not replace and (certificate.exists() or key.exists()):
        raise ClassroomError(f"There is a certificate in {folder} already: give another folder, or say --replace.")
    key_text, certificate_text, fingerprint, until = _made(alternatives, days)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_secret(key, key_text)
        write_bytes(certificate, certificate_text)
    except OSError as error:
        raise ClassroomError(f"The certificate cannot be written to {folder} ({error.strerror}).") from error
    return Certificate(certificate, key, tuple(hosts), fingerprint, until)


def _write_secret(path: Path, data: bytes) -> None:
    """Write a file that nobody else could read at any moment."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _alternatives(hosts: list[str]) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address | str]:
    if not hosts:
        raise ClassroomError("Name at least one host by which browsers reach this machine.")
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address | str] = []
    for host in hosts:
        try:
            found.append(ipaddress.ip_address(host))
        except ValueError:
            if not _NAME.fullmatch(host.lower()):
                raise ClassroomError(
                    f"'{host[:80]}' is no name or number of a machine: give one such as 192.168.1.20 or studio.local."
                ) from None
            found.append(host.lower())
    return found


def _made(
    hosts: list[ipaddress.IPv4Address | ipaddress.IPv6Address | str], days: int
) -> tuple[bytes, bytes, str, datetime.date]:
    """Return key and certificate as PEM, the fingerprint, and the last day."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError as error:
        raise ClassroomError(_MISSING) from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SER Studio in this classroom")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host) for host in hosts]
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    digest = built.fingerprint(hashes.SHA256()).hex(":").upper()
    return private, built.public_bytes(serialization.Encoding.PEM), digest, built.not_valid_after_utc.date()
