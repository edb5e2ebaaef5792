# SPDX-License-Identifier: Apache-2.0
"""What needs no cluster: the golden vectors, forgeries of them, and the fold of authority."""

import json
import os
import threading
import time
import unittest

import nacl.signing
import zmq
import zmq.utils.z85

import wire
from authority import ADMIN, PUBLISH, Authority
from subscriber import Subscriber
from wire import Refused, pb

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


def flipped(content, index):
    return content[:index] + bytes([content[index] ^ 1]) + content[index + 1:]


KEYS = vector("keys")
CLUSTER, NODE, NODE_KEY = KEYS["cluster"], KEYS["node"], KEYS["nodeKey"]


def key_of(node):
    return NODE_KEY if node == NODE else None


class Vectors(unittest.TestCase):
    def test_keys(self):
        self.assertEqual(wire.blake(NODE_KEY), NODE)
        self.assertEqual(bytes(nacl.signing.SigningKey(KEYS["nodeSeed"]).verify_key), NODE_KEY)

    def test_header(self):
        header = vector("header")
        self.assertEqual(wire.blake(header["bytes"]), header["hash"])
        self.assertEqual(wire.blake(vector("batch")["body"], b"SSTKBODY"), header["bodyHash"])

    def batch(self, **changes):
        fields = {**vector("batch"), **changes}
        return wire.accept_batch(CLUSTER, key_of, fields["topic"].encode(), fields["header"],
                                 fields["signature"], fields["body"])

    def test_batch(self):
        batch, fields = self.batch(), vector("batch")
        self.assertEqual((batch.first, batch.last), (42, 44))
        self.assertEqual(batch.prev, vector("header")["previous"])
        self.assertEqual(batch.hash, vector("header")["hash"])
        for index, event in enumerate(batch.events):
            self.assertEqual(wire.event_name(batch.log, batch.first + index),
                             fields[f"event{index}.id"])
            self.assertEqual(f"{event.timestamp >> 16}.{event.timestamp & 0xFFFF}",
                             fields[f"event{index}.timestamp"])
        self.assertEqual((batch.events[0].topic, batch.events[0].content),
                         ("order.paid", b'{"id":7}'))

    def test_every_flipped_byte_of_a_batch_is_refused(self):
        for part in ("header", "signature", "body"):
            content = vector("batch")[part]
            for index in range(len(content)):
                with self.subTest(part=part, index=index), self.assertRaises(Refused):
                    self.batch(**{part: flipped(content, index)})

    def test_another_topic_is_refused(self):
        for topic in ("E/rec", "E/data", "E/", ""):
            with self.subTest(topic=topic), self.assertRaises(Refused):
                self.batch(topic=topic)

    def test_beacon(self):
        fields = vector("beacon")
        beacon = wire.accept_beacon(CLUSTER, key_of, fields["sender"], fields["signature"],
                                    fields["body"])
        self.assertEqual((beacon.number, len(beacon.heads), beacon.is_ready), (12, 1, True))
        for index in range(len(fields["body"])):
            with self.subTest(index=index), self.assertRaises(Refused):
                wire.accept_beacon(CLUSTER, key_of, fields["sender"], fields["signature"],
                                   flipped(fields["body"], index))

    def test_record(self):
        fields = vector("record")
        sealed = pb.SealedRecord.FromString(fields["sealed"])
        self.assertEqual(wire.record_name(sealed), fields["hash"])
        self.assertEqual(wire.accept_record(CLUSTER, sealed).grant.node, NODE)
        with self.assertRaises(Refused):
            wire.accept_record(bytes(32), sealed)

    def test_hello(self):
        fields = vector("hello")
        request = pb.HelloRequest.FromString(fields["request"])
        reply = pb.HelloReply.FromString(fields["reply"])
        wire.verify(reply.node_key, wire.HELLO + reply.body, reply.signature)
        hello = wire.parse(pb.HelloBody, reply.body)
        self.assertEqual((hello.nonce, hello.node), (request.nonce, NODE))
        with self.assertRaises(Refused):
            wire.accept_hello(CLUSTER, bytes(32), reply)

    def test_status(self):
        fields = vector("status")
        identifier = fields["request1"][8:24]
        self.assertEqual(fields["reply1"][8:24], identifier)
        body, signature = fields["reply2"], fields["reply3"]
        report = wire.accept_status(CLUSTER, NODE_KEY, identifier, body, signature)
        self.assertEqual(report.host_name, "web1")
        with self.assertRaises(Refused):
            wire.accept_status(CLUSTER, NODE_KEY, os.urandom(16), body, signature)

    def test_other_encodings_of_a_fact_are_refused(self):
        body = vector("batch")["body"]
        self.assertEqual(len(wire.parse_fact(pb.EventBody, body).events), 3)
        unknown, default = b"\x78\x01", b"\x0a\x02\x10\x00"
        for wrong in (body + unknown, body + default, body[:-1]):
            with self.assertRaises(Refused):
                wire.parse_fact(pb.EventBody, wrong)


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

    def grant(self, node_key=NODE_KEY, scopes=ALL_SCOPES):
        return self.sign(grant=pb.Grant(
            user=self.key, node_key=node_key, node=wire.blake(node_key), curve_key=bytes(32),
            scopes=scopes, not_before=1, not_after=2**47, serial=1))

    def revoke(self, **subject):
        return self.sign(revocation=pb.Revocation(**subject))


class Fold(unittest.TestCase):
    def setUp(self):
        self.root, self.bob, self.eve = User("alice"), User("bob"), User("eve")
        self.founding = [self.root.account(self.root), self.root.account(self.bob, scopes=PUBLISH)]

    def node_counts(self, *records):
        authority = Authority(CLUSTER, self.root.key)
        for sealed in reversed([*self.founding, *records]):
            authority.add(sealed)
        authority.fold()
        return NODE in authority.nodes

    def test_grants_of_the_root_and_of_its_users_count(self):
        self.assertTrue(self.node_counts(self.root.grant()))
        self.assertTrue(self.node_counts(self.bob.grant()))

    def test_strangers_count_for_nothing(self):
        self.assertFalse(self.node_counts())
        self.assertFalse(self.node_counts(self.eve.account(self.eve), self.eve.grant()))
        self.assertFalse(self.node_counts(self.bob.account(self.eve), self.eve.grant()))

    def test_what_was_revoked_or_removed_is_gone(self):
        grant = self.bob.grant()
        for revocation in (
            self.root.revoke(grant=wire.record_name(grant)), self.root.revoke(node=NODE),
            self.root.revoke(user=self.bob.key),
            self.root.account(self.bob, serial=2, is_removed=True)):
            self.assertFalse(self.node_counts(grant, revocation))
        self.assertTrue(self.node_counts(grant, self.eve.revoke(node=NODE)))

    def test_a_changed_password_passes_the_account_on(self):
        fresh = User("bob")
        passed = self.bob.account(fresh, serial=2, scopes=PUBLISH)
        self.assertTrue(self.node_counts(passed, fresh.grant()))
        self.assertFalse(self.node_counts(passed, self.bob.grant()))
        self.assertTrue(self.node_counts(passed, self.bob.grant(), fresh.grant()))
        more = self.bob.account(fresh, serial=2, scopes=PUBLISH | ADMIN)
        self.assertFalse(self.node_counts(more, fresh.grant()))

    def test_the_root_may_change_its_password(self):
        fresh = User("alice")
        records = [self.root.account(fresh, serial=2), fresh.grant(), fresh.account(self.eve)]
        self.assertTrue(self.node_counts(*records))
        self.assertFalse(self.node_counts(*records[:1], self.root.grant()))


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
                   "curveKey": decoded(server_key), "publish": publish, "request": request}],
    }


def decoded(key):
    return zmq.utils.z85.decode(key).hex()


class Conversation(unittest.TestCase):
    """The subscriber against a node that misbehaves on purpose."""

    def setUp(self):
        self.node = ScriptedNode(User("alice"), 12)
        self.heard = []
        self.subscriber = Subscriber(
            self.node.client, lambda line: self.heard.append(int(line["payload"])))
        self.node.start()
        self.subscriber.start("now")
        self.until(lambda: self.heard, lambda: self.node.say(1))

    def tearDown(self):
        self.subscriber.close()
        self.node.stop()

    def until(self, condition, action=lambda: None):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            action()
            self.subscriber.turn(0.05)

    def test_gaps_are_pulled_and_repetitions_dropped(self):
        for sequence in (2, 2, 7, 1, 8, 12):
            self.node.say(sequence)
        self.until(lambda: len(self.heard) >= 12)
        self.assertEqual(self.heard, list(range(1, 13)))
        self.assertGreaterEqual(self.subscriber.counts["batches pulled"], 7)

    def test_forgeries_change_nothing(self):
        self.node.batches[1][1] = flipped(self.node.batches[1][1], 5)
        self.node.say(2)
        self.node.say(3, topic=wire.CODE)
        self.node.batches[3] = self.node.batch(2, bytes(31) + b"x", bytes(32))
        self.node.say(4)
        self.until(lambda: sum(n for reason, n in self.subscriber.counts.items()
                               if reason.startswith("refused")) == 3)
        self.assertEqual(self.heard, [1])


def run():
    """Runs all of it; the exit status."""
    tests = unittest.defaultTestLoader.loadTestsFromName(__name__)
    return 0 if unittest.TextTestRunner().run(tests).wasSuccessful() else 1
