"""The process of `--display vnc` and `--display web`, run as ``python -m emu.display.remote_process FRAME TITLE SETTINGS``
by remote.py.

SETTINGS is a descriptor with JSON: kind, listener (a descriptor), host, password.  Frames come from shared memory (link.py),
records of input go to standard output, those from the machine come from standard input; its end ends the process.
"""
import asyncio
import json
import os
import socket
import sys
import threading

from . import link
from .rfb.server import Desktop, serve_tcp


async def serve(frame, title, settings, out):
    """Serve until the machine is gone."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def send(kind, a=0, b=0, c=0, text=None):
        data = memoryview(link.pack(kind, a, b, c, text))
        try:
            while data:
                data = data[os.write(out, data):]
        except OSError:
            ended.set()

    desktop = Desktop(frame, send, title, settings["password"])

    def read_records():
        while (record := link.read(sys.stdin.buffer)) is not None:
            if record[0] == link.CLIPBOARD:
                loop.call_soon_threadsafe(desktop.copied, record[3])
            elif record[0] == link.SHOWN:
                loop.call_soon_threadsafe(desktop.drawn)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read_records, daemon=True).start()
    listener = socket.socket(fileno=settings["listener"])
    if settings["kind"] == "web":
        from .web.server import WebServer
        server = await WebServer(desktop, settings["host"]).start(listener)
    else:
        server = await serve_tcp(desktop, listener)
    send(link.SHOWN)
    looking = asyncio.create_task(desktop.run())
    stopping = asyncio.create_task(ended.wait())
    await asyncio.wait((looking, stopping), return_when=asyncio.FIRST_COMPLETED)
    server.close()
    if looking.done():
        looking.result()


def main():
    """Entry point of the process."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get between the records
    with os.fdopen(int(sys.argv[3])) as file:
        settings = json.load(file)
    frame = link.SharedFrame(sys.argv[1])
    code = 1
    try:
        asyncio.run(serve(frame, sys.argv[2], settings, out))
        code = 0
    except Exception:
        import traceback
        traceback.print_exc()
    os._exit(code)  # the thread still reads


if __name__ == "__main__":
    main()
