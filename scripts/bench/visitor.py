"""A visitor of the app without a browser: speaks the protocol of Streamlit's page over its websocket.

A browser costs more than the app it asks; thirty of them on the machine that is measured would measure themselves.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import httpx2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

_LARGEST = 1 << 28


class Visitor:
    """One session of the app; as an async context manager it connects and leaves.

    Attributes
    ----------
    elements
        What the page shows now, as protocol buffers of Streamlit's elements, in the order of the page.
    """

    def __init__(self, url: str, patience_s: float = 120.0) -> None:
        self.elements: list[Any] = []
        self._url = url.rstrip("/")
        self._patience_s = patience_s
        self._http = httpx2.AsyncClient(base_url=self._url, timeout=patience_s)
        self._states: dict[str, WidgetState] = {}
        self._uploads: dict[str, FileURLs] = {}
        self._seen: dict[str, ForwardMsg] = {}
        self._shown: dict[tuple[int, ...], Any] = {}
        self._session = ""
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Visitor:
        await self._http.get("/_stcore/health")  # gives the cookie against forged requests
        address = self._url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = await connect(address, subprotocols=["streamlit"], max_size=_LARGEST, proxy=None)  # type: ignore[list-item]
        await self.run()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()
        await self._http.aclose()

    async def run(self, **triggers: WidgetState) -> None:
        """Run the page with the widgets as they are and *triggers* beside them; wait until it is drawn.

        Raises
        ------
        TimeoutError
            If that takes longer than the visitor's patience.
        """
        message = BackMsg()
        message.rerun_script.widget_states.widgets.extend([*self._states.values(), *triggers.values()])
        self._shown.clear()
        await self._send(message)
        async with asyncio.timeout(self._patience_s):
            while True:
                answer = await self._next()
                kind = answer.WhichOneof("type")
                if kind == "new_session":
                    self._session = answer.new_session.initialize.session_id or self._session
                elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
                    self._shown[tuple(answer.metadata.delta_path)] = answer.delta.new_element
                elif kind == "script_finished":
                    break
        self.elements = [self._shown[path] for path in sorted(self._shown)]

    def texts(self) -> list[str]:
        """Return all Markdown of the page."""
        return [element.markdown.body for element in self.elements if element.WhichOneof("type") == "markdown"]

    def find(self, kind: str, key: str) -> Any:
        """Return the widget of this kind with this key; LookupError if the page has none."""
        for widget in self._of(kind):
            if widget.id.endswith(f"-{key}"):
                return widget
        raise LookupError(f"the page has no {kind} '{key}'")

    async def upload(self, key: str, name: str, data: bytes) -> None:
        """Put a file into the box *key* in place of what is there, and wait for the page."""
        box = self.find("file_uploader", key)
        urls = await self._file_urls(name)
        token = self._http.cookies.get("_streamlit_xsrf") or ""
        answer = await self._http.put(urls.upload_url, files={"file": (name, data)}, headers={"X-Xsrftoken": token})
        answer.raise_for_status()
        state = WidgetState(id=box.id)
        info = UploadedFileInfo(name=name, size=len(data), file_id=urls.file_id, file_urls=urls)
        state.file_uploader_state_value.uploaded_file_info.append(info)
        self._states[box.id] = state
        await self.run()
        if (old := self._uploads.get(key)) is not None:  # as a browser does with a file that was replaced
            await self._http.delete(old.delete_url, headers={"X-Xsrftoken": token})
        self._uploads[key] = urls

    async def fetch(self, path: str) -> bytes:
        """Return a file of the app."""
        answer = await self._http.get(path)
        answer.raise_for_status()
        return answer.content

    def _of(self, kind: str) -> Iterator[Any]:
        return (getattr(element, kind) for element in self.elements if element.WhichOneof("type") == kind)

    async def _file_urls(self, name: str) -> FileURLs:
        message = BackMsg()
        message.file_urls_request.request_id = uuid.uuid4().hex
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self._session
        await self._send(message)
        async with asyncio.timeout(self._patience_s):
            while True:
                answer = await self._next()
                if answer.WhichOneof("type") == "file_urls_response":
                    return answer.file_urls_response.file_urls[0]

    async def _send(self, message: BackMsg) -> None:
        assert self._socket is not None
        await self._socket.send(message.SerializeToString())

    async def _next(self) -> ForwardMsg:
        assert self._socket is not None
        message = ForwardMsg()
        message.ParseFromString(await self._socket.recv(decode=False))
        if message.WhichOneof("type") == "ref_hash":  # sent before, not sent again
            known = self._seen[message.ref_hash]
            known.metadata.CopyFrom(message.metadata)
            return known
        if message.metadata.cacheable:
            self._seen[message.hash] = message
        return message
