#!/usr/bin/env python3
"""How long an editor waits for diagnostics, on any repository, with a client that is not ours.

    pip install pygls
    benches/editor/latency.py target/release/betwixt path/to/repository [path/in/it.go] [--rounds 7]

Opens the repository as a workspace and waits for the first diagnostics. Then, again and again, adds a line at the top
of the file (without one: of the file with most hits), so that all its lines move, saves it, and measures until the
diagnostics of the new text are there:

    lines      nothing but the comment changed: until all diagnostics are there
    code       there is a new function, too: until all diagnostics are there
    known      likewise, but until those that were known have moved along with the lines
    pause      as `code`, but somebody looks at the text for three seconds, then saves
    cpu        processor time of one `code`, all threads together (Linux); what counts on a busy machine

The file on disk is written as an editor does, and is at the end what it was.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

from lsprotocol import types as t
from pygls.lsp.client import LanguageClient

COMMENT = {".sql": "--"}
FUNCTION = {".go": "func measured{}() {{}}\n", ".rs": "fn measured{}() {{}}\n", ".ts": "function measured{}() {{}}\n"}


class Editor:
    """A client that notes when what arrived."""

    def __init__(self):
        self.client = LanguageClient("latency", "1")
        self.published = {}
        self.logged = []
        self.changed = asyncio.Event()

        @self.client.feature(t.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params):
            self.published.setdefault(params.uri, []).append((time.monotonic(), params))
            self.changed.set()

        @self.client.feature(t.WINDOW_LOG_MESSAGE)
        def logged(params):
            self.logged.append((time.monotonic(), params.message))
            self.changed.set()

    async def until(self, what, limit=600.0):
        """Waits until `what()` is something."""
        end = time.monotonic() + limit
        while True:
            found = what()
            if found:
                return found
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), end - time.monotonic())

    def cpu_seconds(self):
        """Processor time of the server so far; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.client._server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def start(self, binary, root):
        await self.client.start_io(binary, "lsp")
        diagnostics = t.PublishDiagnosticsClientCapabilities(
            related_information=True, data_support=True, code_description_support=True
        )
        await self.client.initialize_async(
            t.InitializeParams(
                capabilities=t.ClientCapabilities(
                    text_document=t.TextDocumentClientCapabilities(publish_diagnostics=diagnostics)
                ),
                workspace_folders=[t.WorkspaceFolder(uri=root.as_uri(), name=root.name)],
            )
        )
        self.client.initialized(t.InitializedParams())

    async def stop(self):
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await asyncio.sleep(0.2)


def say(name, times):
    times = sorted(times)
    print(
        f"{name:8} median {statistics.median(times) * 1000:6.0f} ms"
        f"   best {times[0] * 1000:6.0f} ms   worst {times[-1] * 1000:6.0f} ms   n {len(times)}"
    )


async def measure(options):
    root = Path(options.root).resolve()
    editor = Editor()
    started = time.monotonic()
    await editor.start(options.binary, root)
    await editor.until(lambda: any("open hits in" in text for _, text in editor.logged))
    print(f"first diagnostics after {time.monotonic() - started:.2f} s: {editor.logged[-1][1]}")
    if options.file:
        path = root / options.file
    else:
        by_hits = sorted(editor.published.items(), key=lambda one: -len(one[1][-1][1].diagnostics))
        path = Path(t_path(by_hits[0][0]))
    uri = path.as_uri()
    original = path.read_bytes()
    text = original.decode()
    print(f"editing {path.relative_to(root)}, {len(text.splitlines())} lines")
    editor.client.text_document_did_open(
        t.DidOpenTextDocumentParams(
            t.TextDocumentItem(uri=uri, language_id=path.suffix[1:], version=0, text=text)
        )
    )
    marker = COMMENT.get(path.suffix, "//")
    function = FUNCTION.get(path.suffix, "")
    rounds = {"lines": [], "code": [], "known": [], "pause": [], "cpu": []}
    version = 0
    try:
        await asyncio.sleep(1.5)
        for round_ in range(options.rounds * 3):
            kind = ("lines", "code", "pause")[round_ % 3]
            version += 1
            text = text + f"{marker} {version}\n" if not moved(text) else f"{marker} {version}\n" + text
            if kind != "lines":
                text += function.format(version)
            since, spent = time.monotonic(), editor.cpu_seconds()
            editor.client.text_document_did_change(
                t.DidChangeTextDocumentParams(
                    t.VersionedTextDocumentIdentifier(uri=uri, version=version),
                    [t.TextDocumentContentChangeWholeDocument(text=text)],
                )
            )
            if kind == "pause":
                await asyncio.sleep(3.0)
            path.write_bytes(text.encode())
            saved = time.monotonic()
            editor.client.text_document_did_save(t.DidSaveTextDocumentParams(t.TextDocumentIdentifier(uri)))

            def complete():
                found = [at for at, text in editor.logged if at > since and "open hits in" in text]
                return found and found[0]

            done = await editor.until(complete)
            rounds[kind].append(max(done - saved, 0.0))
            if kind == "code":
                rounds["cpu"].append(editor.cpu_seconds() - spent)
                first = [at for at, _ in editor.published.get(uri, []) if at > saved]
                rounds["known"] += [first[0] - saved] if first else []
            print(f"  {kind}: {editor.logged[-1][1]}")
            await asyncio.sleep(0.7)
    finally:
        path.write_bytes(original)
    for name, times in rounds.items():
        if times:
            say(name, times)
    await editor.stop()


def moved(text):
    """Texts that must start with something of their own get their line at the end."""
    return not text.startswith(("#!", "<?", "<script"))


def t_path(uri):
    from urllib.parse import unquote, urlparse

    return unquote(urlparse(uri).path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("root")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--rounds", type=int, default=7)
    asyncio.run(measure(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
