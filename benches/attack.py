"""One attacker of `./bench hostile`, a process of its own:

    attack.py KIND PORT CONNECTIONS RATE TOKEN BODY SOURCE

Prints `ready` once every connection is made and as far as the attack needs it, then goes on until SIGTERM, and prints
what it got since `ready` as JSON. It has the lowest priority, so that its own work is not what slows the server down.
"""

import asyncio
import collections
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import statistics
import sys
import time
import uuid

# Seconds between two bytes of a slow sender, and before a connection that was not made is tried again.
DRIP = 1
RETRY = 0.2
# What the server refuses at once cannot stay open: who was back within so many seconds was at work all the time.
COMES_BACK = 1
# Seconds between two looks at how many connections are open.
SAMPLE = 0.25
# Bytes of a body in one write: what a network card's driver gives the kernel at most at once.
PIECE = 1 << 16
# Bytes a second that a line of 1 Gbit/s carries: memory carries thousands of large bodies a second, no line does.
LINE = 125_000_000
# The kernel looks for a free port when it connects and not when it binds (linux/in.h; Python names it from 3.12 on): a
# bind among thousands of ports keeps a processor in the kernel for milliseconds, whatever the priorities.
IP_BIND_ADDRESS_NO_PORT = 24
# Connections from one loopback address: the server lets one address have about a thousand.
PER_ADDRESS = 1000
# HTTP/2 (RFC 9113, §3.4 and §6): what a client sends first, an empty SETTINGS frame, and the frames that are read.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
SETTINGS, PING, GOAWAY, ACK = 4, 6, 7, 1
# Not the honest requests' path, whose answers are counted.
BATCH, SINGLE = "/licenseVerificationBatch", "/dapi/licenseVerification"


def pieces(body):
    """As a network would bring them: one long write keeps a processor in the kernel, whatever the priorities."""
    return [body[place:place + PIECE] for place in range(0, len(body), PIECE)]


class Attack:
    def __init__(self, kind, port, connections, rate, token, body, source):
        self.kind, self.port, self.rate, self.token, self.source = kind, int(port), float(rate), token, source
        self.connections = int(connections)
        self.body = pathlib.Path(body).read_bytes().strip() if body else b""
        self.got = collections.Counter()
        self.open, self.left, self.up = 0, {}, set()
        # When the line will have carried what is on it.
        self.line_free = 0
        # Seconds between a connection's end and the next one, where that came soon.
        self.between = 0
        self.ready = asyncio.Event()

    async def run(self):
        loop = asyncio.get_running_loop()
        end = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, end.set)
        ended = asyncio.create_task(end.wait())
        workers = [asyncio.create_task(self.worker(number)) for number in range(self.connections)]
        await self.ready.wait()
        self.got.clear()
        self.between = 0
        print("ready", flush=True)
        since, opened = time.monotonic(), [self.open]
        while not (await asyncio.wait([ended], timeout=SAMPLE))[0]:
            opened.append(self.open)
        seconds, opened = time.monotonic() - since, statistics.mean(opened)
        told = {"seconds": seconds, "open": opened, "at_work": opened + self.between / seconds, "got": self.got}
        print(json.dumps(told), flush=True)
        # The kernel closes 10,000 connections faster than their tasks could be told.
        os._exit(any(worker.exception() for worker in workers if worker.done()))

    def opened(self, number):
        self.open += 1
        away = time.monotonic() - self.left.get(number, 0)
        self.between += away if away < COMES_BACK else 0

    def closed(self, number):
        self.open -= 1
        self.left[number] = time.monotonic()

    def is_up(self, number):
        self.up.add(number)
        if len(self.up) == self.connections:
            self.ready.set()

    def socket(self, number):
        """One that will connect from one of this attacker's addresses; SOURCE is their first three numbers."""
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((f"{self.source}.{number // PER_ADDRESS + 1}", 0))
        return connection

    async def worker(self, number):
        """One connection after the other, for ever."""
        attack = getattr(self, self.kind)
        while True:
            connection = self.socket(number)
            try:
                await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
                reader, writer = await asyncio.open_connection(sock=connection)
            except OSError as error:
                connection.close()
                self.got[f"not connected ({error.strerror or error})"] += 1
                await asyncio.sleep(RETRY)
                continue
            self.opened(number)
            try:
                await attack(number, reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.got["closed by the server"] += 1
            finally:
                self.closed(number)
                writer.transport.abort()

    async def send(self, writer, parts):
        """Over the one line that all connections share."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):  # The answer may be there all the same.
            for part in parts:
                self.line_free = max(self.line_free, loop.time()) + len(part) / LINE
                await asyncio.sleep(self.line_free - loop.time())
                writer.write(part)
                await writer.drain()

    def head(self, *, token, length="Content-Length: 0", path=BATCH):
        lines = [f"POST {path} HTTP/1.1", "Host: rims", "Content-Type: application/json"]
        return "\r\n".join([*lines, f"Authorization: Bearer {token}", length, "", ""]).encode()

    async def answer(self, reader):
        """Counts one answer: its status, and its code where it has one."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)^content-length: *(\d+)", head, re.M)
        self.count(head + await reader.readexactly(int(length[1]) if length else 0))

    def count(self, answer):
        code = re.search(rb'"respCode":(-?\d+)', answer)
        self.got[f"HTTP {answer.split()[1].decode()}" + (f" ({code[1].decode()})" if code else "")] += 1

    async def trickle(self, number, reader, writer, opening):
        """A byte a second until the server has enough of it."""
        self.is_up(number)
        answer = asyncio.create_task(self.answer(reader))
        try:
            await self.send(writer, opening)
            while not (await asyncio.wait([answer], timeout=DRIP))[0]:
                writer.write(b"a")
            await answer
        finally:
            answer.cancel()

    async def slow_headers(self, number, reader, writer):
        await self.trickle(number, reader, writer, [self.head(token=self.token)[:-4] + b"\r\nX-Slow: "])

    async def slow_bodies(self, number, reader, writer):
        """Single checks: of batches most would be refused, and their connections closed, before their bodies come."""
        head = self.head(token=self.token, length="Content-Length: 1000", path=SINGLE)
        await self.trickle(number, reader, writer, [head])

    async def stalled_bodies(self, number, reader, writer):
        """All but the last bytes as fast as the line and the server take them, then a byte a second."""
        head = self.head(token=self.token, length=f"Content-Length: {len(self.body)}")
        await self.trickle(number, reader, writer, [head, *pieces(self.body[:-100])])

    async def paced(self, number, reader, writer, request):
        """Requests at this connection's part of the rate."""
        every = self.connections / self.rate
        loop = asyncio.get_running_loop()
        due = loop.time() + random.random() * every
        while True:
            await asyncio.sleep(due - loop.time())
            # Whoever is late does not hurry: the rate is what is asked at most.
            due = max(due + every, loop.time())
            answer = asyncio.create_task(self.answer(reader))
            await self.send(writer, request())
            await answer
            self.is_up(number)

    async def tokens(self, number, reader, writer):
        await self.paced(number, reader, writer, lambda: [self.head(token=uuid.uuid4())])

    async def bodies(self, number, reader, writer):
        head = self.head(token=self.token, length=f"Content-Length: {len(self.body)}")
        await self.paced(number, reader, writer, lambda: [head, *pieces(self.body)])

    async def chunked(self, number, reader, writer):
        """The same without telling the length beforehand."""
        head = self.head(token=self.token, length="Transfer-Encoding: chunked")
        chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces(self.body)]
        await self.paced(number, reader, writer, lambda: [head, *chunks, b"0\r\n\r\n"])

    async def amplified(self, number, reader, writer):
        """Single checks, which wait for KOROAD with all that was read of them."""
        head = self.head(token=self.token, length=f"Content-Length: {len(self.body)}", path=SINGLE)
        await self.paced(number, reader, writer, lambda: [head, *pieces(self.body)])

    async def pings(self, number, reader, writer):
        """HTTP/2 without a request: acknowledges SETTINGS and answers PING until the server says GOAWAY."""
        writer.write(PREFACE + EMPTY_SETTINGS)
        while True:
            head = await reader.readexactly(9)
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            payload = await reader.readexactly(length)
            if kind == SETTINGS and not flags & ACK:
                writer.write(bytes([0, 0, 0, SETTINGS, ACK, 0, 0, 0, 0]))
                self.is_up(number)
            elif kind == PING and not flags & ACK:
                writer.write(bytes([0, 0, 8, PING, ACK, 0, 0, 0, 0]) + payload)
                self.got["PING answered"] += 1
            elif kind == GOAWAY:
                self.got["closed by the server"] += 1
                return


class Idle(Attack):
    """Thousands of connections that say nothing, or nothing after one answer. Bare sockets, because a task and two
    streams for each are more work than an attacker that is to have the lowest priority comes to.
    """

    async def worker(self, number):
        self.connect(number)

    def connect(self, number):
        connection = self.socket(number)
        with contextlib.suppress(BlockingIOError):
            connection.connect(("127.0.0.1", self.port))
        asyncio.get_running_loop().add_writer(connection, self.connected, connection, number)

    def connected(self, connection, number):
        loop = asyncio.get_running_loop()
        loop.remove_writer(connection)
        if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.got[f"not connected ({os.strerror(error)})"] += 1
            connection.close()
            loop.call_later(RETRY, self.connect, number)
            return
        self.opened(number)
        if self.kind == "idle_after":
            connection.send(self.head(token="x"))
        else:
            self.is_up(number)
        loop.add_reader(connection, self.told, connection, number)

    def told(self, connection, number):
        try:
            answer = connection.recv(PIECE)
        except ConnectionError:
            answer = b""
        if answer:
            self.count(answer)
            self.is_up(number)
            return
        self.got["closed by the server"] += 1
        self.closed(number)
        asyncio.get_running_loop().remove_reader(connection)
        connection.close()
        self.connect(number)


if __name__ == "__main__":
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    attack = Idle if sys.argv[1].startswith("idle") else Attack
    asyncio.run(attack(*sys.argv[1:]).run())
