"""Asks the browser whether a page may use a microphone, and says what to do when it may not.

The recorders show little or nothing then: the hands-free one stays silent when the microphone is refused.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

#: State reported by the browser -> what a person can do about it (Markdown).
ADVICE = {
    "insecure": (
        "**Recording is not possible at this address.** Browsers lend the microphone only to `http://localhost` and "
        "to `https://` pages. Upload a file on Recognise or Recordings instead; or open this app on the machine it "
        "runs on, at `http://localhost:{port}`; or start it with a certificate: "
        "`streamlit run app.py --server.sslCertFile cert.pem --server.sslKeyFile key.pem`."
    ),
    "denied": (
        "**The browser refuses the microphone to this page.** Click the sign at the left of the address, allow the "
        "microphone, and reload the page. Files and examples work without it, on Recognise and on Recordings."
    ),
    "missing": (
        "**No microphone was found.** Connect one, or check that the system lends it to the browser. "
        "Files and examples work without it, on Recognise and on Recordings."
    ),
}

_PROBE = """
export default function ({ parentElement, setStateValue }) {
  if (parentElement.probing) return;           // called again on every rerun
  parentElement.probing = true;
  let last = "unknown";
  const report = (state) => {
    if (state !== last) { last = state; setStateValue("state", state); }
  };
  const devices = navigator.mediaDevices;
  if (!window.isSecureContext || !devices) { report("insecure"); return; }
  let permission = null;
  const check = async () => {
    try {
      if (permission && permission.state === "denied") return report("denied");
      const found = await devices.enumerateDevices();
      if (!found.some((device) => device.kind === "audioinput")) return report("missing");
      if (last !== "unknown") report("ready"); // the usual case costs no rerun
    } catch (error) { /* a browser that will not tell: the recorders speak for themselves */ }
  };
  const start = async () => {
    try { permission = await navigator.permissions.query({ name: "microphone" }); } catch (error) { permission = null; }
    if (permission) permission.addEventListener("change", check);
    devices.addEventListener("devicechange", check);
    check();
  };
  start();
  return () => {
    parentElement.probing = false;
    if (permission) permission.removeEventListener("change", check);
    devices.removeEventListener("devicechange", check);
  };
}
"""

_probe = st.components.v2.component("ser_microphone_probe", js=_PROBE)


def advice(state: str) -> str | None:
    """Return what to do about a *state* of the microphone, or None where recording can work."""
    if state not in ADVICE:
        return None
    return ADVICE[state].replace("{port}", str(urlsplit(st.context.url or "").port or 8501))


def microphone_state() -> str:
    """Return `ready`, `unknown`, or a key of :data:`ADVICE`, as the browser last reported."""
    known = st.session_state.get("microphone_probe")
    return str(getattr(known, "state", None) or "unknown")


def mount_probe() -> None:
    """Place the invisible part that asks the browser; its report reruns the page only when something is wrong."""
    _probe(key="microphone_probe", on_state_change=lambda: None, height=1)
