# SPDX-License-Identifier: Apache-2.0
"""What needs no cluster: the golden vectors, forgeries of them, and the fold of authority."""

import os
import time
import unittest

import nacl.signing

import wire
from authority import ADMIN, PUBLISH, Authority
from scripted import CLUSTER, KEYS, NODE, NODE_KEY, ScriptedNode, User, client_file, vector
from subscriber import Position, Subscriber
from wire import Refused, pb

def flipped(content, index):
    return content[:index] + bytes([content[index] ^ 1]) + content[index + 1:]


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


class Signed(unittest.TestCase):
    """Statements that the right key signed, and that are wrong all the same."""

    signing = nacl.signing.SigningKey(KEYS["nodeSeed"])
    fields = dict(magic=b"SSTKBAT1", cluster=CLUSTER, node=NODE, counter=7, nonce=1, first=1,
                  count=1, flags=0, length=None, stamp=9, not_after=0, prev=wire.ZEROS,
                  body_hash=None, grant=wire.ZEROS, policy=bytes(8), reserved=wire.ZEROS)

    def signed(self, *events, body=None, **changes):
        """A signed header, its signature and its body, right unless changed."""
        events = events or [pb.Event(timestamp=9, kind=1, topic="demo")]
        if body is None:
            body = pb.EventBody(events=events).SerializeToString()
        fields = {**self.fields, "length": len(body),
                  "body_hash": wire.blake(body, b"SSTKBODY"), **changes}
        header = wire.HEADER.pack(*fields.values())
        return [header, self.signing.sign(header).signature, body]

    def accept(self, frames, topic=None):
        return wire.accept_batch(CLUSTER, key_of, topic, *frames)

    def test_headers(self):
        self.accept(self.signed())
        self.accept(self.signed(flags=1))
        for change in (
            dict(magic=b"SSTKBAT2"), dict(cluster=bytes(32)), dict(node=bytes(32)),
            dict(flags=2), dict(flags=3), dict(not_after=1), dict(reserved=b"1" * 32), dict(counter=0),
            dict(counter=2**63), dict(count=0), dict(count=2), dict(first=0),
            dict(first=2**63), dict(length=1), dict(stamp=8), dict(body_hash=bytes(32)),
            dict(body=b""), dict(body=bytes(262_145))):
            with self.subTest(change=str(change)[:60]), self.assertRaises(Refused):
                self.accept(self.signed(**change))
        header, signature, body = self.signed()
        for frames in ([header[:-1], signature, body], [header, signature[:-1], body]):
            with self.assertRaises(Refused):
                self.accept(frames)
        events = [pb.Event(timestamp=9, kind=9)] * 1025
        with self.assertRaises(Refused):
            self.accept(self.signed(*events, count=1025))

    def test_events(self):
        reference = pb.BlobReference(digest=bytes(32), size=1)
        for right in (
            pb.Event(kind=1, topic="\u00e9" * 100), pb.Event(kind=9, topic="any", content=b"any"),
            pb.Event(kind=2, topic="a", content=reference.SerializeToString()),
            pb.Event(kind=7, content=pb.LockChange(generation=1).SerializeToString())):
            right.timestamp = 9
            self.accept(self.signed(right))
        for wrong in (
            pb.Event(content=b"a"), pb.Event(kind=1), pb.Event(kind=1, topic="\u00e9" * 101),
            pb.Event(kind=1, topic="a\n"), pb.Event(kind=1, topic="a\u0085"),
            pb.Event(kind=1, topic="a", content=bytes(196_609)), pb.Event(kind=3, topic="a"),
            pb.Event(kind=2, topic="a"), pb.Event(kind=6, content=b"\xff"),
            pb.Event(kind=7, topic="a"), pb.Event(kind=7, content=b"\xff"),
            pb.Event(kind=2, topic="a", content=pb.BlobReference(
                digest=bytes(32), size=1_048_577).SerializeToString())):
            wrong.timestamp = 9
            with self.subTest(event=str(wrong)[:60]), self.assertRaises(Refused):
                self.accept(self.signed(wrong))

    def test_topics(self):
        invalidation = pb.Event(timestamp=9, kind=3, content=pb.Invalidation(
            user_cache=True).SerializeToString())
        self.accept(self.signed(invalidation), wire.CACHE)
        self.accept(self.signed(pb.Event(timestamp=9, kind=9)), wire.OTHER)
        for topic in (wire.APPLICATION, wire.CODE, b"E/data", b"E/cache2"):
            with self.subTest(topic=topic), self.assertRaises(Refused):
                self.accept(self.signed(invalidation), topic)

    def test_beacons(self):
        def accept(sender, named, instance=bytes(16)):
            body = pb.Beacon(sender=named, instance=instance, number=1).SerializeToString()
            signature = self.signing.sign(wire.BEACON + CLUSTER + body).signature
            return wire.accept_beacon(CLUSTER, key_of, sender, signature, body)

        accept(NODE, NODE)
        for wrong in ((bytes(32), bytes(32)), (NODE, bytes(32)), (NODE, NODE, b"")):
            with self.subTest(wrong=wrong), self.assertRaises(Refused):
                accept(*wrong)

    def test_records(self):
        user = User("alice")
        grant = dict(user=user.key, node_key=NODE_KEY, node=NODE, curve_key=bytes(32), scopes=1)
        wire.accept_record(CLUSTER, user.sign(grant=pb.Grant(**grant)))
        for change in (dict(user=bytes(32)), dict(node=bytes(32)), dict(curve_key=b""),
                       dict(node_key=b"", node=wire.blake(b"")), dict(scopes=64)):
            with self.subTest(change=change), self.assertRaises(Refused):
                wire.accept_record(CLUSTER, user.sign(grant=pb.Grant(**{**grant, **change})))
        for wrong in ({}, dict(account=pb.Account(name="a")),
                      dict(account=pb.Account(key=bytes(32), scopes=64))):
            with self.subTest(wrong=str(wrong)), self.assertRaises(Refused):
                wire.accept_record(CLUSTER, user.sign(**wrong))

    def test_hellos(self):
        curve_key = bytes(31) + b"c"
        grant = User("alice").grant(curve_key=curve_key)
        hello = dict(nonce=bytes(32), cluster=CLUSTER, node=NODE, node_key=NODE_KEY,
                     curve_key=curve_key, grant=grant)

        def accept(key=NODE_KEY, domain=wire.HELLO, **changes):
            body = pb.HelloBody(**{**hello, **changes}).SerializeToString()
            return wire.accept_hello(CLUSTER, bytes(32), pb.HelloReply(
                node_key=key, body=body, signature=self.signing.sign(domain + body).signature))

        accept()
        for change in (dict(nonce=b"n" * 32), dict(cluster=b"c" * 32), dict(node=bytes(32)),
                       dict(node_key=User("eve").key), dict(curve_key=bytes(32)),
                       dict(grant=pb.SealedRecord()), dict(key=User("eve").key),
                       dict(domain=wire.STATUS)):
            with self.subTest(change=str(change)[:60]), self.assertRaises(Refused):
                accept(**change)

    def test_status_reports(self):
        body = pb.StatusReport(node=bytes(32)).SerializeToString()
        signature = self.signing.sign(wire.STATUS + CLUSTER + bytes(16) + body).signature
        with self.assertRaises(Refused):
            wire.accept_status(CLUSTER, NODE_KEY, bytes(16), body, signature)


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


class Order(unittest.TestCase):
    """Positions, without any network."""

    log, other = wire.Log(NODE, 1, 1), wire.Log(NODE, 1, 2)
    chain = wire.blake(b"5")

    def setUp(self):
        self.subscriber = Subscriber(
            client_file(User("alice"), b"0" * 40, [1, 2]), print_event=lambda line: None)
        self.subscriber.positions[self.log] = Position(5, self.chain)

    def tearDown(self):
        self.subscriber.close()

    def take(self, first, last, prev=None, log=None):
        self.subscriber.take(wire.Batch(
            log or self.log, first, last, prev or self.chain, wire.blake(b"next"), b"", []))
        return self.subscriber.positions[self.log].last

    def test_what_follows_is_taken_and_what_was_there_is_dropped(self):
        self.assertEqual(self.take(1, 5), 5)
        self.assertEqual(self.take(1, 3, log=self.other), 5)
        self.assertEqual(self.take(6, 9), 9)

    def test_overlaps_gaps_and_other_chains_are_refused(self):
        for wrong in ((5, 6), (3, 9), (7, 8), (6, 7, wire.ZEROS)):
            with self.subTest(wrong=wrong), self.assertRaises(Refused):
                self.take(*wrong)
        self.assertEqual(self.subscriber.positions[self.log].last, 5)

    def test_a_replay_of_another_log_is_refused(self):
        frames = [vector("batch")[part] for part in ("header", "signature", "body")]
        batch = wire.accept_batch(CLUSTER, key_of, None, *frames)
        self.subscriber.key_of = key_of
        self.subscriber.positions[batch.log] = Position(batch.first - 1, batch.prev)

        class Holder:
            def ask(self, verb, message):
                return b"", pb.ReplayReply(end=pb.REPLAY_END_SERVED).SerializeToString(), frames

        with self.assertRaises(Refused):
            self.subscriber.pull(Holder(), self.log, 44)


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
    return 0 if unittest.TextTestRunner(buffer=True).run(tests).wasSuccessful() else 1
