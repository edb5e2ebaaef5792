# SPDX-License-Identifier: Apache-2.0
"""Keys of the golden vectors, users who sign records, and a node that does what a test says."""

import json
import threading

import nacl.signing
import zmq
import zmq.utils.z85

import wire
from wire import pb

VECTORS = wire.SPECIFICATION.parents[1] / "Tests" / "Vectors"
ALL_SCOPES = 63


def vector(name):
    fields = json.loads((VECTORS / f"{name}.json").read_text())
    return {key: unhex(value) for key, value in fields.items()}


def unhex(text):
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text


KEYS = vector("keys")
CLUSTER, NODE, NODE_KEY = KEYS["cluster"], KEYS["node"], KEYS["nodeKey"]


class User:
    """A user key that signs records."""

    def __init__(self, name):
        self.name, self.signing = name, nacl.signing.SigningKey.generate()
        self.key = bytes(self.signing.verify_key)

    def sign(self, **kind):
        body = pb.AuthorityRecord(**kind).SerializeToString(deterministic=True)
        signature = self.signing.sign(wire.RECORD + CLUSTER + body).signature
        return pb.SealedRecord(body=body, signer=self.key, signature=signature)

    def account(self, other, serial=1, scopes=ALL_SCOPES, is_removed=False):
        return self.sign(account=pb.Account(
            name=other.name, email=f"{other.name}@example.com", key=other.key, scopes=scopes,
            serial=serial, is_removed=is_removed))

    def grant(self, node_key=NODE_KEY, curve_key=wire.ZEROS):
        return self.sign(grant=pb.Grant(
            user=self.key, node_key=node_key, node=wire.blake(node_key), curve_key=curve_key,
            scopes=ALL_SCOPES, not_before=1, not_after=2**47, serial=1))

    def revoke(self, **subject):
        return self.sign(revocation=pb.Revocation(**subject))


class ScriptedNode(threading.Thread):
    """Just enough of a node: a log of one event a batch, on PUB by order, on ROUTER by request."""

    def __init__(self, root, count):
        super().__init__(daemon=True)
        self.signing = nacl.signing.SigningKey.generate()
        self.key = bytes(self.signing.verify_key)
        self.node = wire.blake(self.key)
        grant = root.grant(self.key)
        self.records = [root.account(root), grant]
        self.log = wire.Log(self.node, 1, 77)
        self.batches, prev = [], wire.ZEROS
        for sequence in range(1, count + 1):
            self.batches.append(self.batch(sequence, prev, wire.record_name(grant)))
            prev = wire.blake(self.batches[-1][0])
        self.context = zmq.Context()
        public, secret = zmq.curve_keypair()
        self.pub, self.router = self.context.socket(zmq.PUB), self.context.socket(zmq.ROUTER)
        for socket in (self.pub, self.router):
            socket.set(zmq.LINGER, 0)
            socket.set(zmq.CURVE_SERVER, 1)
            socket.set(zmq.CURVE_SECRETKEY, secret)
        self.ports = [s.bind_to_random_port("tcp://127.0.0.1") for s in (self.pub, self.router)]
        self.client = client_file(root, public, self.ports)

    def batch(self, sequence, prev, grant):
        stamp = (1_700_000_000_000 + sequence) << 16
        event = pb.Event(timestamp=stamp, kind=1, topic="demo", content=str(sequence).encode())
        body = pb.EventBody(events=[event]).SerializeToString()
        header = wire.HEADER.pack(
            b"SSTKBAT1", CLUSTER, self.node, 1, 77, sequence, 1, 0, len(body), stamp, 0, prev,
            wire.blake(body, b"SSTKBODY"), grant, bytes(8), wire.ZEROS)
        return [header, self.signing.sign(header).signature, body]

    def say(self, sequence, topic=wire.APPLICATION):
        self.pub.send_multipart([topic, *self.batches[sequence - 1]])

    def run(self):
        while True:
            try:
                client, _, header, body = self.router.recv_multipart()
            except zmq.ContextTerminated:
                self.router.close()
                return
            reply, raw = self.answer(header[24], body)
            self.router.send_multipart(
                [client, b"", b"SSTKREP1" + header[8:24] + bytes(8), reply.SerializeToString(),
                 *raw])

    def answer(self, verb, body):
        if verb == 3:
            return pb.HeadsReply(is_last=True), []
        if verb == 4:
            return pb.RecordsReply(records=self.records, is_last=True), []
        request = pb.ReplayRequest.FromString(body)
        held = self.batches[request.first - 1:request.last][:2]
        end = pb.REPLAY_END_SERVED if held else pb.REPLAY_END_NOT_HELD
        return pb.ReplayReply(end=end), [frame for batch in held for frame in batch]

    def stop(self):
        self.pub.close()
        self.context.term()


def client_file(root, server_key, ports):
    public, secret = zmq.curve_keypair()
    publish, request = (f"tcp://127.0.0.1:{port}" for port in ports)
    return {
        "version": 1, "cluster": CLUSTER.hex(), "rootKey": root.key.hex(),
        "publicKey": decoded(public), "secretKey": decoded(secret),
        "nodes": [{"url": "http://127.0.0.1", "door": "http://127.0.0.1:9",
                   "serverKey": decoded(server_key), "publish": publish, "request": request}],
    }


def decoded(key):
    return zmq.utils.z85.decode(key).hex()
