#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a cluster's application events as JSON lines: verified, in order, without gaps."""

import argparse
import base64
import json
import sys
import time
from collections import Counter, namedtuple

import zmq

import wire
from authority import Authority
from node import BLOB, HEADS, RECORDS, REPLAY, STATUS, Node, Silent
from wire import Refused, pb, require

Position = namedtuple("Position", "last chain")
START = Position(0, wire.ZEROS)


def talk(text):
    print(text, file=sys.stderr, flush=True)


class Subscriber:
    """Follows every log of the cluster, over all of its nodes."""

    def __init__(self, client, print_event, drop_every=0):
        require(client["version"] == 1, "version of the client file")
        self.cluster = bytes.fromhex(client["cluster"])
        self.authority = Authority(self.cluster, bytes.fromhex(client["rootKey"]))
        self.context = zmq.Context()
        self.nodes = [Node(self.context, client, described) for described in client["nodes"]]
        self.print_event = print_event
        self.drop_every = drop_every
        self.positions = {}
        self.numbers = {}
        self.counts = Counter()
        self.next_records = self.next_heads = 0

    # ------------------------------------------------------------ start

    def meet(self):
        """Finds the nodes and learns whose word counts."""
        self.each_node(lambda node: node.find_again(self.cluster))
        self.learn_records()
        for node in self.nodes:
            if node.found is not None and node.found not in self.authority.nodes:
                talk(f"{node.url}: an unknown node is at its door; trying what the file says")
                self.counts["silent or refused"] += 1
                node.as_written()

    def start(self, since):
        """Subscribes, and takes the positions to begin at (clients.md, section 3)."""
        self.meet()
        for node in self.nodes:
            node.connect()
        for head in self.first_answer(self.heads) or []:
            log = wire.log_of(head.log)
            if since == "now":
                self.positions[log] = Position(head.last, head.chain)
            else:
                self.reach(self.nodes[0], log, head.last)

    def each_node(self, action):
        """Acts on all nodes; those that do not answer are named."""
        for node in self.nodes:
            try:
                action(node)
            except (Silent, Refused) as error:
                self.counts["silent or refused"] += 1
                talk(f"{node.url}: {error}")

    def first_answer(self, question, nodes=None):
        """The first answer that some node gives, or None."""
        for node in nodes or self.nodes:
            try:
                return question(node)
            except (Silent, Refused) as error:
                talk(f"{node.url}: {error}")
        return None

    def learn_records(self):
        """Asks every node for records, once a second at most."""
        if time.monotonic() < self.next_records:
            return
        self.next_records = time.monotonic() + 1
        self.each_node(self.learn_records_of)
        self.authority.fold()

    def learn_records_of(self, node):
        is_last = False
        while not is_last:
            known = sorted(self.authority.records)
            _, body, _ = node.ask(RECORDS, pb.RecordsRequest(
                digest=wire.digest(known), known=known[:8192]))
            reply = wire.parse(pb.RecordsReply, body)
            for sealed in reply.records:
                try:
                    self.authority.add(sealed)
                except Refused as error:
                    self.count(error)
            is_last = reply.is_last or len(self.authority.records) == len(known)

    def heads(self, node):
        """Verb heads, page by page."""
        heads, is_last = [], False
        while not is_last:
            after = heads[-1].log if heads else None
            _, body, _ = node.ask(HEADS, pb.HeadsRequest(after=after))
            reply = wire.parse(pb.HeadsReply, body)
            require(all(len(head.chain) == 32 for head in reply.heads), "head")
            heads += reply.heads
            is_last = reply.is_last or not reply.heads
        return heads

    # ------------------------------------------------------------ what nodes say

    def key_of(self, node):
        if node not in self.authority.nodes:
            self.learn_records()
        return self.authority.nodes.get(node)

    def turn(self, seconds):
        """Waits for messages and takes one of each node."""
        poller = zmq.Poller()
        for node in self.nodes:
            poller.register(node.sub, zmq.POLLIN)
        ready = dict(poller.poll(seconds * 1000))
        for node in self.nodes:
            if node.sub in ready:
                self.hear(node, node.sub.recv_multipart())

    def hear(self, node, frames):
        try:
            require(len(frames) == 4, "number of frames")
            topic, second, signature, body = frames
            if topic == b"H":
                self.beacon(node, wire.accept_beacon(
                    self.cluster, self.key_of, second, signature, body))
                return
            batch = wire.accept_batch(
                self.cluster, self.key_of, topic, second, signature, body)
            self.counts["batches heard"] += 1
            if self.drop_every and self.counts["batches heard"] % self.drop_every == 0:
                self.counts["dropped on purpose"] += 1
                return
            self.reach(node, batch.log, batch.first - 1)
            self.take(batch)
        except (Refused, Silent) as error:
            self.count(error)

    def beacon(self, node, beacon):
        seen = (beacon.sender, beacon.instance)
        if beacon.number <= self.numbers.get(seen, 0):
            return
        self.numbers[seen] = beacon.number
        self.counts["beacons"] += 1
        if beacon.records != wire.digest(self.authority.records):
            self.learn_records()
        for head in beacon.heads:
            self.reach(node, wire.log_of(head.log), head.last)
        is_level = all(self.positions.get(wire.log_of(head.log), START).last == head.last
                       for head in beacon.heads)
        if is_level and beacon.all_heads != wire.digest(p.chain for p in self.positions.values()):
            self.look_behind(node)

    def look_behind(self, node):
        """Looks for tails of closed epochs, which beacons do not list."""
        if time.monotonic() >= self.next_heads:
            self.next_heads = time.monotonic() + 1
            self.counts["looked behind"] += 1
            for head in self.heads(node):
                self.reach(node, wire.log_of(head.log), head.last)

    # ------------------------------------------------------------ order and gaps

    def reach(self, node, log, last):
        """Pulls what is missing of a log through `last`, from that node or any other."""
        others = [other for other in self.nodes if other is not node]
        while self.positions.get(log, START).last < last:
            before = self.positions.get(log, START)
            talk(f"gap: {wire.event_name(log, before.last + 1)} to {last}")
            self.counts["gaps"] += 1
            self.first_answer(lambda holder: self.pull(holder, log, last), [node] + others)
            if self.positions.get(log, START) == before:
                raise Refused("a gap that no node can fill")

    def pull(self, node, log, last):
        first = self.positions.get(log, START).last + 1
        _, body, raw = node.ask(REPLAY, pb.ReplayRequest(
            log=pb.LogID(origin=log.origin, counter=log.counter, nonce=log.nonce),
            first=first, last=last, credit=4_194_304))
        reply = wire.parse(pb.ReplayReply, body)
        require(len(raw) % 3 == 0, "frames of a replay")
        if reply.end == pb.REPLAY_END_TRUNCATED and reply.floor.last >= first:
            talk(f"missing: {wire.event_name(log, first)} to {reply.floor.last}: truncated")
            self.counts["truncated"] += 1
            self.positions[log] = Position(reply.floor.last, reply.floor.chain)
        for index in range(0, len(raw), 3):
            batch = wire.accept_batch(self.cluster, self.key_of, None, *raw[index:index + 3])
            require(batch.log == log, "log of a replayed batch")
            self.counts["batches pulled"] += 1
            self.take(batch)
        require(reply.end != pb.REPLAY_END_NOT_HELD, f"{wire.event_name(log, first)} not held")

    def take(self, batch):
        """Delivers a batch that continues its log, and drops one that was there before."""
        position = self.positions.get(batch.log, START)
        if batch.last <= position.last:
            return
        require(batch.first == position.last + 1, "a batch that overlaps its log: a fork?")
        require(position.last == 0 or batch.prev == position.chain,
                "prev is not the header before: a fork?")
        for offset, event in enumerate(batch.events):
            if event.kind in (1, 2):
                self.deliver(batch, batch.first + offset, event)
        self.positions[batch.log] = Position(batch.last, batch.hash)

    def deliver(self, batch, sequence, event):
        if batch.grant not in self.authority.records:
            self.learn_records()
        if not self.authority.may_publish(batch, event):
            self.counts["not permitted"] += 1
            return
        payload = event.content
        if event.kind == 2:
            payload = self.first_answer(lambda node: self.fetch(node, event.content))
            require(payload is not None, "a blob that no node holds")
        self.counts["events"] += 1
        user = self.authority.user_of(batch)
        self.print_event(described(batch, sequence, event, user, payload))

    def fetch(self, node, content):
        """Verb blob: chunk by chunk, then checked as a whole."""
        reference = pb.BlobReference.FromString(content)
        payload = b""
        while len(payload) < reference.size:
            _, _, raw = node.ask(BLOB, pb.BlobRequest(
                digest=reference.digest, offset=len(payload), length=262_144))
            require(len(raw) == 1 and raw[0], "chunk of a blob")
            payload += raw[0]
        require(len(payload) == reference.size and wire.blake(payload) == reference.digest,
                "hash of a blob")
        return payload

    # ------------------------------------------------------------ questions

    def status(self, node):
        """The node's signed report on itself."""
        identifier, body, raw = node.ask(STATUS, pb.StatusRequest())
        require(len(raw) == 1, "frames of a status report")
        claimed = self.key_of(wire.parse(pb.StatusReport, body).node)
        require(claimed is not None, "unknown node")
        return wire.accept_status(self.cluster, claimed, identifier, body, raw[0])

    def count(self, error):
        self.counts[f"refused: {error}"] += 1
        talk(f"refused: {error}")

    def close(self):
        self.context.destroy(linger=0)


def described(batch, sequence, event, user, payload):
    """One line, like those of `sitestacker subscribe`; bytes that are no text in base 64."""
    line = {
        "id": wire.event_name(batch.log, sequence),
        "topic": event.topic,
        "user": user,
        "node": batch.log.origin.hex()[:16],
        "time": event.timestamp >> 16,
    }
    try:
        line["payload"] = payload.decode()
    except UnicodeDecodeError:
        line["payloadBase64"] = base64.b64encode(payload).decode()
    return line


def database_line(database):
    line = {"version": database.version or None, "problem": database.problem or None}
    return {**line, "size": database.size if database.HasField("size") else None}


def repository_line(repository):
    return {
        "path": repository.path, "commit": repository.commit or None,
        "names": list(repository.names), "isDetached": repository.is_detached,
        "isModified": repository.is_modified, "problem": repository.problem or None,
    }


def status_line(report):
    return {
        "node": report.node.hex(), "url": report.url, "hostName": report.host_name,
        "version": report.version, "isReady": report.is_ready,
        "events": report.event_count, "waiting": report.waiting_count,
        "missing": report.missing_count, "parked": report.parked_count,
        "withheld": report.withheld_count, "isLocked": report.HasField("lock"),
        "database": database_line(report.database) if report.HasField("database") else None,
        "repositories": [repository_line(repository) for repository in report.repositories],
        "warnings": list(report.warnings) + list(report.user_problems),
        "members": [{"node": member.node.hex(), "url": member.url,
                     "state": pb.MemberState.Name(member.state)} for member in report.members],
    }


def print_line(line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="what `sitestacker client add --out` wrote")
    parser.add_argument("--since", choices=["now", "start"], default="now")
    parser.add_argument("--count", type=int, help="end after so many events")
    parser.add_argument("--seconds", type=float, help="end after so long, exit status 3")
    parser.add_argument("--status", action="store_true", help="print signed status reports")
    parser.add_argument("--drop-every", type=int, default=0, metavar="N",
                        help="lose each Nth message on purpose, to see gaps pulled")
    parser.add_argument("--selftest", action="store_true", help="check the golden vectors")
    return parser.parse_args()


def main():
    options = arguments()
    if options.selftest:
        import selftest
        return selftest.run()
    if options.file is None:
        talk("a client file is needed: sitestacker client add NAME --scope query --out FILE")
        return 64
    with open(options.file, encoding="utf-8") as file:
        client = json.load(file)
    subscriber = Subscriber(client, print_line, options.drop_every)
    end = time.monotonic() + options.seconds if options.seconds else None
    try:
        if options.status:
            subscriber.meet()
            subscriber.each_node(lambda node: print_line(status_line(subscriber.status(node))))
            return 3 if subscriber.counts["silent or refused"] else 0
        subscriber.start(options.since)
        talk("subscribed")
        while options.count is None or subscriber.counts["events"] < options.count:
            subscriber.turn(0.5)
            if end is not None and time.monotonic() > end:
                return 3
        return 0
    except KeyboardInterrupt:
        return 130
    finally:
        talk(json.dumps(dict(subscriber.counts)))
        subscriber.close()


if __name__ == "__main__":
    sys.exit(main())
