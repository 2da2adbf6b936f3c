"""A server of glasswork's command in a process of its own, and plain requests to it."""

import http.client
import json
import os
import re
import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("glasswork")


class Server:
    """``with Server("serve", run, folder=...) as server``: the command, from its first line with an address to its end.

    It must end by itself, with status 0, once it is told to.
    """

    def __init__(self, *words, folder):
        self.words, self.folder = [str(word) for word in words], folder

    def __enter__(self):
        self.process = subprocess.Popen(
            [COMMAND, *self.words], cwd=self.folder, env={**os.environ, "COLUMNS": "160"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.first = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.first)
        if not found:
            raise AssertionError(self.first + self.process.communicate(timeout=60)[1])
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.rest, self.errors = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if error == (None, None, None):
            assert self.process.returncode == 0, self.errors

    def ask(self, path, body=None, kind="application/json", method=None, **headers):
        """Return the status and the content of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and kind is not None:
            named["Content-Type"] = kind
        connection.request(method or ("GET" if body is None else "POST"), path, content, named)
        response = connection.getresponse()
        found = response.read()
        connection.close()
        assert response.headers["content-type"] == "application/json", found
        return response.status, json.loads(found)
