# SPDX-License-Identifier: Apache-2.0
"""A node's sockets and door: docs/specification/wire.md, sections 2, 4 and 6."""

import os
import urllib.error
import urllib.request

import zmq

import wire
from wire import Refused, pb, require

REPLAY, HEADS, RECORDS, STATUS, BLOB = 2, 3, 4, 6, 8
STATUSES = ["done", "malformed", "unknown verb", "not allowed", "not held", "busy", "failed"]


class Silent(Exception):
    """A node that does not answer."""


class Node:
    """One node: where it is, a SUB for what it says, a REQ for what it is asked."""

    def __init__(self, context, client, described):
        self.context, self.client = context, client
        self.described = described
        self.url, self.door = described["url"], described["door"]
        self.sub = self.req = self.found = None
        self.as_written()

    def as_written(self):
        """Takes the key and the endpoints of the client file."""
        self.curve_key = bytes.fromhex(self.described["serverKey"])
        self.publish, self.request = self.described["publish"], self.described["request"]
        self.found = None
        self.hang_up()

    def hang_up(self):
        if self.req is not None:
            self.req.close()
            self.req = None

    def connect(self):
        self.sub = self.socket(zmq.SUB, 524_288)
        self.sub.subscribe(b"E/")
        self.sub.subscribe(b"H")
        self.sub.connect(self.publish)

    def socket(self, kind, largest):
        socket = self.context.socket(kind)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVHWM, 0)
        socket.set(zmq.MAXMSGSIZE, largest)
        socket.set(zmq.CURVE_PUBLICKEY, bytes.fromhex(self.client["publicKey"]))
        socket.set(zmq.CURVE_SECRETKEY, bytes.fromhex(self.client["secretKey"]))
        socket.set(zmq.CURVE_SERVERKEY, self.curve_key)
        return socket

    def ask(self, verb, message, patience=5):
        """Section 4: one request and its reply: (request ID, body, raw frames)."""
        if self.req is None:
            self.req = self.socket(zmq.REQ, 524_288)
            self.req.connect(self.request)
        identifier = os.urandom(16)
        self.req.send_multipart(
            [b"SSTKREQ1" + identifier + bytes([verb]) + bytes(7), message.SerializeToString()])
        if not self.req.poll(patience * 1000):
            self.hang_up()
            raise Silent(f"{self.url} does not answer")
        header, body, *raw = self.req.recv_multipart()
        require(len(header) == 32 and header[:8] == b"SSTKREP1" and header[25:] == bytes(7),
                "header of a reply")
        require(header[8:24] == identifier, "ID of a reply")
        if header[24] != 0:
            refusal = wire.parse(pb.Refusal, body)
            name = STATUSES[header[24]] if header[24] < len(STATUSES) else str(header[24])
            raise Refused(f"{name}: expected {refusal.expected}, found {refusal.found}")
        return identifier, body, raw

    def find_again(self, cluster):
        """Asks the door who the node is now (section 7)."""
        nonce = os.urandom(32)
        question = pb.HelloRequest(nonce=nonce, cluster=cluster).SerializeToString()
        call = urllib.request.Request(
            self.door.rstrip("/") + "/hello", question,
            {"Content-Type": "application/octet-stream"})
        try:
            with urllib.request.urlopen(call, timeout=5) as answer:
                reply = wire.parse(pb.HelloReply, answer.read(131_072))
        except (urllib.error.URLError, OSError) as error:
            raise Silent(f"{self.door}: {error}") from error
        hello = wire.accept_hello(cluster, nonce, reply)
        host = hello.endpoints.host or self.publish.removeprefix("tcp://").rpartition(":")[0]
        self.found = hello.node
        self.curve_key = hello.curve_key
        self.publish = f"tcp://{host}:{hello.endpoints.publish_port}"
        self.request = f"tcp://{host}:{hello.endpoints.request_port}"
