"""Answer over HTTP: `python scripts/serve.py --port 8000`; docs/service.md says what can be asked."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import os
import socket
import sys

import cli
import uvicorn
from fastapi import FastAPI

from ser_core.errors import SettingsError
from ser_core.service import ServiceOptions, check_origins, create_app, read_api_keys
from ser_core.service.logs import log_to_stderr

# A piece of sound of a stream; larger messages end the connection before they are in memory.
_MOST_MESSAGE = 1 << 20
_STOP_S = 10


def main() -> int:
    """Run the command."""
    parser = _parser()
    options = parser.parse_args()
    if bool(options.certificate) != bool(options.certificate_key):
        parser.error("give --certificate and --certificate-key, or neither")
    keys = read_api_keys(options.api_key_file)
    settings = ServiceOptions(
        model=options.model,
        api_keys=keys,
        cors=check_origins(options.cors),
        workers=options.workers,
        queue=options.queue,
        longest_s=options.longest,
        rate=options.rate,
        burst=options.burst,
        timelines=options.timelines,
        streams=options.streams,
    )
    app = create_app(settings)
    server = _server(app, options)
    opened = _open(options.host, options.port)
    scheme = "https" if options.certificate else "http"
    host, port = opened.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"Listening on {scheme}://{shown}:{port}, with the model '{options.model}'. Stop it with Ctrl-C.", flush=True)
    if not keys and not _is_local(host):
        print("Anybody who reaches this port may use it: set a key with --api-key-file.", file=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):  # the server has ended in order, and tells of the signal once more
        server.run(sockets=[opened])
    return cli.FINE if server.started else cli.FAILED


def _server(app: FastAPI, options: argparse.Namespace) -> uvicorn.Server:
    log_to_stderr()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # it would hold what callers write into addresses; the service has a log of its own
        server_header=False,
        ws_max_size=_MOST_MESSAGE,
        timeout_graceful_shutdown=_STOP_S,
        forwarded_allow_ips=options.trusted_proxy,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.certificate_key,
    )
    try:
        config.load()
    except OSError as error:  # also what the TLS library raises
        raise SettingsError(
            f"The certificate {options.certificate} and its key cannot be used: give PEM files."
        ) from error
    return uvicorn.Server(config)


def _open(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number and number > 0 else "no such address or port"
        raise SettingsError(f"Port {port} at {host} cannot be opened ({reason}): choose another --port.") from error


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="serve.py", description=__doc__)
    parser.add_argument("--port", type=_whole(0), default=8000, help="default: 8000; 0: any that is free")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only; 0.0.0.0: all")
    parser.add_argument("--model", default="lite", help="answers where a caller names none (default: lite)")
    parser.add_argument("--api-key-file", metavar="FILE", help="keys of callers, one a line; or set SER_API_KEY")
    parser.add_argument(
        "--cors", nargs="+", default=[], metavar="ORIGIN", help="web pages that may call (default: none)"
    )
    cores = os.cpu_count() or 1
    parser.add_argument("--workers", type=_whole(1), default=cores, help=f"predictions at a time (default: {cores})")
    parser.add_argument("--queue", type=_whole(0), default=16, help="predictions that may wait (default: 16)")
    parser.add_argument("--longest", type=_seconds, default=600.0, help="seconds answered at once (default: 600)")
    parser.add_argument("--timelines", type=_whole(0), default=8, help="timelines that may wait (default: 8)")
    parser.add_argument("--streams", type=_whole(0), default=8, help="streams at a time (default: 8)")
    parser.add_argument(
        "--rate", type=_rate, default=20.0, help="requests a second of one caller (default: 20; 0: any)"
    )
    parser.add_argument("--burst", type=_whole(1), default=100, help="requests of one caller at once (default: 100)")
    parser.add_argument("--trusted-proxy", default="127.0.0.1", metavar="IP", help="whose X-Forwarded-For is believed")
    parser.add_argument("--certificate", metavar="PEM", help="serve https with this certificate")
    parser.add_argument("--certificate-key", metavar="PEM", help="and this key")
    return parser


def _whole(least: int) -> object:
    def whole(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more")
        return value

    return whole


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value


if __name__ == "__main__":
    cli.run(main)
