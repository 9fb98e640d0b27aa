"""Make a self-signed certificate, so that a class may use its microphones: `python scripts/certificate.py`.

Browsers lend the microphone to pages on localhost or over https only. The certificate and its key, readable by you
alone, go into `.certificate/`; the command prints how to start the app with them. docs/classroom.md says the rest.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cli

from ser_core.classroom.certificate import MOST_DAYS, default_hosts, local_addresses, make_certificate


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    made = make_certificate(options.folder, [*default_hosts(), *options.host], options.days, replace=options.replace)
    if options.json:
        cli.print_json(
            {
                "certificate": str(made.certificate),
                "key": str(made.key),
                "hosts": list(made.hosts),
                "fingerprint_sha256": made.fingerprint,
                "until": made.until.isoformat(),
            }
        )
        return cli.FINE
    print(f"Certificate for {', '.join(made.hosts)}, valid until {made.until:%d %B %Y}.")
    print(f"SHA-256 fingerprint, to compare in the browser:\n  {made.fingerprint}")
    print("Start the app with it:")
    print(
        f"  python -m streamlit run app.py --server.sslCertFile {made.certificate} --server.sslKeyFile {made.key} "
        "--server.headless true"
    )
    addresses = local_addresses() or ["this-machine"]
    for address in addresses:
        shown = f"[{address}]" if ":" in address else address
        print(f"Then open https://{shown}:8501/classroom")
    return cli.FINE


def _parser() -> cli.Parser:
    parser = cli.Parser(
        prog="certificate.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", nargs="+", default=[], help="further names or IP addresses of this machine")
    parser.add_argument("--folder", type=Path, default=Path(".certificate"), help="where to (default: .certificate)")
    parser.add_argument("--days", type=int, default=90, help=f"how long it is valid (default: 90, at most {MOST_DAYS})")
    parser.add_argument("--replace", action="store_true", help="replace the one that is there")
    parser.add_argument("--json", action="store_true", help="print what was made for machines")
    return parser


if __name__ == "__main__":
    cli.run(main)
