"""A program as an environment may have one: HTTP on $PORT, answers that tell what came, and a WebSocket that echoes."""
import base64
import hashlib
import http.server
import json
import os
import select


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def parts(self):
        """The body, a part at a time, in either framing."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            part = self.rfile.read(min(left, 1 << 16))
            left -= len(part)
            yield part

    def say(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def tell(self):
        digest, size = hashlib.sha256(), 0
        for part in self.parts():
            digest.update(part)
            size += len(part)
        told = {"method": self.command, "target": self.path, "bytes": size, "sha256": digest.hexdigest(),
                "headers": self.headers.items()}
        self.say(200, json.dumps(told).encode(), [("Content-Type", "application/json")])

    def do_POST(self):
        if self.path == "/refuse":
            self.close_connection = True
            return self.say(413, b"more than I take", [("Connection", "close")])
        if self.path == "/deaf":
            return self.wait_for_the_end()
        if self.path == "/echo":
            return self.echo()
        return self.tell()

    def echo(self):
        """Answers with the body, as it comes."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        left = int(self.headers["Content-Length"])
        while left and (part := self.rfile.read1(1 << 16)):
            left -= len(part)
            self.chunk(part)
        self.chunk(b"")
        self.close_connection = True

    def wait_for_the_end(self):
        """Reads nothing more and answers nothing; the file `left` says that the other side is gone."""
        end = select.poll()
        end.register(self.connection, select.POLLRDHUP)
        end.poll()
        self.close_connection = True
        open("left", "w").close()

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = tell

    def do_GET(self):
        if self.path == "/redirect":
            return self.say(302, headers=[("Location", "/next"), ("Set-Cookie", "mine=1; Path=/")])
        if self.path == "/stream":
            return self.stream()
        if self.path == "/ws":
            return self.websocket()
        if self.path == "/hang":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"half")
            self.wfile.flush()
            return self.rfile.read(1)
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
            return None
        if self.path == "/nonsense":
            self.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
            self.close_connection = True
            return None
        return self.tell()

    def stream(self):
        """One event; the second when the file `go` is there."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk(b"data: first\n\n")
        with open("go", "rb") as go:  # a named pipe: opening it waits for who writes
            self.chunk(b"data: " + go.read() + b"\n\n")
        self.chunk(b"")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def websocket(self):
        accept = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(accept.digest()).decode())
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 0xF == 8:
                return
            size = head[1] & 0x7F
            if size == 126:
                size = int.from_bytes(self.rfile.read(2), "big")
            mask = self.rfile.read(4)
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(size)))
            length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
            self.wfile.write(head[:1] + length + payload)
            self.wfile.flush()


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
