"""The real yaml-language-server, as an editor talks to it: over its standard input and output, in the Language Server Protocol."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent
INSTALLED = ROOT / ".venv" / "language-server" / "node_modules" / ".bin" / "yaml-language-server"
_SECONDS = 120.0


def find_server() -> str | None:
    """Return the command of the server: that of YAML_LANGUAGE_SERVER, as `.ci/run` installs it, or on the PATH."""
    named = os.environ.get("YAML_LANGUAGE_SERVER") or (str(INSTALLED) if INSTALLED.exists() else "yaml-language-server")
    return shutil.which(named) if shutil.which("node") else None


class LanguageServer:
    """One server with one editor. What is opened in it is a text under a place; the file need not be on the disk.

    proxy: the address that it must go through to reach the network.
    """

    def __init__(self, command: str, proxy: str) -> None:
        # A schema is found by the first line of a file, and not by the file's name in a list on the network.
        settings = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
        self._settings: dict[str, Any] = {"yaml": settings, "http": {"proxy": proxy, "proxyStrictSSL": False}}
        self._server = subprocess.Popen([command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._answers: queue.Queue[tuple[int, Any]] = queue.Queue()
        self._faults: dict[str, queue.Queue[list[Any]]] = {}
        self._asked = 0
        self._opened = 0
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._reader.start()
        able = {"workspace": {"configuration": True}, "textDocument": {"hover": {}, "completion": {}}}
        self._ask("initialize", {"processId": os.getpid(), "rootUri": ROOT.as_uri(), "capabilities": able})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self._settings})
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.terminate()
        self._server.wait(_SECONDS)
        self._reader.join(_SECONDS)
        for pipe in (self._server.stdin, self._server.stdout):
            assert pipe
            pipe.close()

    def faults(self, folder: Path, *texts: str) -> list[str]:
        """Return what the editor underlines in each text, as `line: words`."""
        places = [self.open(folder, text) for text in texts]
        found = [each for place in places for each in self._faults[place].get(timeout=_SECONDS)]
        return [f"{each['range']['start']['line'] + 1}: {each['message']}" for each in found]

    def completions(self, folder: Path, text: str) -> dict[str, str]:
        """Return what is offered where `|` stands in the text, and what is said of each."""
        items: Sequence[Any] = self._at_the_mark("completion", folder, text)["items"]
        return {item["label"]: _words(item.get("documentation")) for item in items}

    def hover(self, folder: Path, text: str) -> str:
        """Return what is shown where `|` stands in the text."""
        found = self._at_the_mark("hover", folder, text)
        return _words(found["contents"]) if found else ""

    def _at_the_mark(self, what: str, folder: Path, text: str) -> Any:
        before = text.partition("|")[0]
        place = self.open(folder, text.replace("|", "", 1))
        position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        return self._ask(f"textDocument/{what}", {"textDocument": {"uri": place}, "position": position})

    def open(self, folder: Path, text: str) -> str:
        """Open a text in a folder, and give the place it was given there."""
        # A name of its own for each text: what the server says carries no version, only the name.
        self._opened += 1
        place = (folder / f"opened-{self._opened}.yaml").as_uri()
        # Made here and nowhere else: made when it is first asked for, by the reader and by who waits, one of two would be lost.
        self._faults[place] = queue.Queue()
        self._tell("textDocument/didOpen", {"textDocument": {"uri": place, "languageId": "yaml", "version": 1, "text": text}})
        return place

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        number, answer = self._answers.get(timeout=_SECONDS)
        assert number == self._asked
        return answer

    def _tell(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._server.stdin
        with self._writing:
            self._server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self._server.stdin.flush()

    def _read(self) -> None:
        stream = self._server.stdout
        assert stream
        while header := stream.readline():
            stream.readline()
            body = stream.read(size := int(header.split(b":")[1]))
            if len(body) < size:  # told to end, it ends in the middle of what it says
                return
            with suppress(BrokenPipeError):  # or before it hears the answer
                self._take(json.loads(body))

    def _take(self, message: Mapping[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method == "textDocument/publishDiagnostics":
            self._faults[message["params"]["uri"]].put(message["params"]["diagnostics"])
        elif method == "workspace/configuration":
            parts = [self._settings.get(item["section"]) for item in message["params"]["items"]]
            self._send({"id": number, "result": parts})
        elif method and number is not None:
            self._send({"id": number, "result": None})
        elif number is not None:
            self._answers.put((number, message.get("result")))


def _words(documentation: Any) -> str:
    return documentation["value"] if isinstance(documentation, dict) else documentation or ""
