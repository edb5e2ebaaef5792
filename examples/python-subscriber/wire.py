# SPDX-License-Identifier: Apache-2.0
"""Hashes, signatures, batches, beacons and records, as docs/specification/wire.md has them."""

import hashlib
import importlib
import struct
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

from google.protobuf.message import DecodeError
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

SPECIFICATION = Path(__file__).resolve().parents[2] / "docs" / "specification"


def load_schema():
    """Has protoc translate the specification's own schema, and imports the result."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["protoc", f"--proto_path={SPECIFICATION}", f"--python_out={folder}",
             "sitestacker.proto"], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("sitestacker_pb2")
        finally:
            sys.path.remove(folder)


pb = load_schema()

ZEROS = bytes(32)
MAXIMUM = 2**63 - 1
RECORD, BEACON, HELLO, STATUS = b"SSTKREC1", b"SSTKHED1", b"SSTKHEL1", b"SSTKSTA1"
CODE, CACHE, APPLICATION, OTHER = b"E/code", b"E/cache", b"E/app", b"E/rec"
TOPICS = {1: APPLICATION, 2: APPLICATION, 3: CACHE, 4: CODE}
CONTENTS = {2: pb.BlobReference, 3: pb.Invalidation, 4: pb.RevisionProposal, 5: pb.Receipt,
            6: pb.Checkpoint, 7: pb.LockChange}

Log = namedtuple("Log", "origin counter nonce")
Batch = namedtuple("Batch", "log first last prev hash grant events")


class Refused(Exception):
    """Something from outside that the specification does not permit."""


def require(condition, reason):
    if not condition:
        raise Refused(reason)


# ---------------------------------------------------------------- Section 1: keys and hashes

def blake(content, key=b""):
    return hashlib.blake2b(content, digest_size=32, key=key).digest()


def digest(members):
    """Section 3.5: a sum that does not depend on the order."""
    return (sum(int.from_bytes(m, "big") for m in members) % 2**256).to_bytes(32, "big")


def verify(key, signed, signature):
    """libsodium's crypto_sign_open is as strict as section 1 asks."""
    require(len(key) == 32 and len(signature) == 64, "length of a key or signature")
    try:
        VerifyKey(key).verify(signed, signature)
    except (BadSignatureError, ValueError) as error:
        raise Refused("signature") from error


def parse(message, content):
    try:
        return message.FromString(content)
    except DecodeError as error:
        raise Refused(message.DESCRIPTOR.name) from error


def parse_fact(message, content):
    """Section 3.4: a fact has one encoding."""
    fact = parse(message, content)
    fact.DiscardUnknownFields()
    require(fact.SerializeToString(deterministic=True) == content, "encoding of a fact")
    return fact


def log_of(proto):
    require(len(proto.origin) == 32 and 1 <= proto.counter <= MAXIMUM, "log")
    return Log(proto.origin, proto.counter, proto.nonce)


def event_name(log, sequence):
    return f"{log.origin.hex()[:16]}-{log.counter}.{log.nonce:016x}-{sequence}"


# ---------------------------------------------------------------- Section 3: batches and beacons

HEADER = struct.Struct(">8s32s32sQQQHHIQQ32s32s32s8s32s")


def accept_batch(cluster, key_of, topic, header, signature, body):
    """Section 3.2. A replayed batch has no topic: None. `key_of` finds a node's key, or None."""
    require(len(header) == HEADER.size and 1 <= len(body) <= 262_144, "length")
    (magic, its_cluster, node, counter, nonce, first, count, flags, length, stamp, not_after,
     prev, body_hash, grant, _, reserved) = HEADER.unpack(header)
    require(magic == b"SSTKBAT1", "magic")
    require(its_cluster == cluster, "cluster")
    require(flags in (0, 1), "flags")
    require(not_after == 0 and reserved == ZEROS, "fields that are zero")
    require(1 <= counter <= MAXIMUM and 1 <= count <= 1024, "range")
    require(1 <= first <= MAXIMUM - count + 1 and length == len(body), "range")
    key = key_of(node)
    require(key is not None, "unknown node")
    verify(key, header, signature)
    require(body_hash == blake(body, b"SSTKBODY"), "hash of the body")
    events = parse_fact(pb.EventBody, body).events
    require(len(events) == count and events[0].timestamp == stamp, "header and body differ")
    for event in events:
        check_event(event)
    require(topic in (None, TOPICS.get(events[0].kind, OTHER)), "topic")
    log = Log(node, counter, nonce)
    return Batch(log, first, first + count - 1, prev, blake(header), grant, events)


def check_event(event):
    require(event.kind != 0, "kind")
    if event.kind in (1, 2):
        require(1 <= len(event.topic.encode()) <= 200, "topic of an event")
        require(not any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in event.topic),
                "topic of an event")
    elif event.kind <= 7:
        require(event.topic == "", "topic of an event")
    if event.kind == 1:
        require(len(event.content) <= 196_608, "payload")
    elif event.kind in CONTENTS:
        content = parse_fact(CONTENTS[event.kind], event.content)
        if event.kind == 2:
            require(len(content.digest) == 32 and 1 <= content.size <= 1_048_576, "blob")


def accept_beacon(cluster, key_of, sender, signature, body):
    """Section 3.5."""
    require(len(sender) == 32 and 1 <= len(body) <= 196_608, "length")
    key = key_of(sender)
    require(key is not None, "unknown node")
    verify(key, BEACON + cluster + body, signature)
    beacon = parse(pb.Beacon, body)
    require(beacon.sender == sender and len(beacon.instance) == 16, "sender of a beacon")
    return beacon


# ---------------------------------------------------------------- Sections 5 and 7

def record_name(sealed):
    return blake(sealed.body + sealed.signer, RECORD)


def accept_record(cluster, sealed):
    """Section 5, as far as a record can be judged by itself."""
    require(1 <= len(sealed.body) <= 65_536, "length")
    verify(sealed.signer, RECORD + cluster + sealed.body, sealed.signature)
    record = parse_fact(pb.AuthorityRecord, sealed.body)
    kind = record.WhichOneof("kind")
    require(kind is not None, "kind of a record")
    if kind in ("account", "grant", "client"):
        require(getattr(record, kind).scopes < 64, "scopes")
    if kind == "account":
        require(len(record.account.key) == 32, "key of an account")
    if kind == "grant":
        grant = record.grant
        require(grant.user == sealed.signer, "signer of a grant")
        require(len(grant.node_key) == len(grant.curve_key) == 32, "keys of a grant")
        require(grant.node == blake(grant.node_key), "node of a grant")
    return record


def accept_hello(cluster, nonce, reply):
    """Section 7. A client has no use for a node which is not logged in."""
    verify(reply.node_key, HELLO + reply.body, reply.signature)
    hello = parse(pb.HelloBody, reply.body)
    require(hello.nonce == nonce, "nonce of a hello")
    require(hello.node_key == reply.node_key and hello.node == blake(reply.node_key), "hello")
    require(hello.cluster == cluster, "cluster")
    grant = accept_record(cluster, hello.grant).grant
    require(grant.node_key == hello.node_key and grant.curve_key == hello.curve_key,
            "grant of a hello")
    return hello


def accept_status(cluster, key, identifier, body, signature):
    """Section 4. The request's ID is signed too, so the answer is to this question."""
    verify(key, STATUS + cluster + identifier + body, signature)
    report = parse(pb.StatusReport, body)
    require(report.node == blake(key), "node of a status report")
    check_site(report)
    return report


def check_site(report):
    """Section 8, as far as this client shows what is in a report."""
    require(len(report.repositories) <= 1_024 and len(report.warnings) <= 64, "count")
    paths = [repository.path.encode() for repository in report.repositories]
    require(all(left < right for left, right in zip(paths, paths[1:])), "order of paths")
    for repository in report.repositories:
        require(1 <= len(repository.path.encode()) <= 4_096, "path")
        require((repository.commit == "") == (repository.short == ""), "abbreviation")
        require(repository.commit.startswith(repository.short), "abbreviation")
        require(len(repository.commit) in (0, 40, 64)
                and set(repository.commit) <= set("0123456789abcdef"), "commit")
        require(len(repository.names) <= 64, "names of a commit")
