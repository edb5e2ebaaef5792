#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody can do who stole a node's link key, but not its signing key: nothing.

Stands in for a node that is down, with its real CURVE key, and broadcasts a batch in its name that
is signed with another key. The other servers link to it, and must refuse the batch.

Usage: forge.py STATE_DIRECTORY ADDRESS
"""
import glob
import hashlib
import os
import struct
import sys
import time

import nacl.bindings
import nacl.signing
import zmq
from zmq.utils import z85


def blake2b(data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def forged_batch(cluster, node):
    """A well-formed batch of one event, in the node's name, signed with a key made up here."""
    timestamp = int(time.time() * 1000) << 16
    topic, payload = b"order.forged", b"{}"
    event = (
        b"\x09" + struct.pack("<Q", timestamp)  # 1: timestamp, fixed64
        + b"\x10\x01"  # 2: kind, an application's event
        + b"\x1a" + bytes([len(topic)]) + topic  # 3: topic
        + b"\x22" + bytes([len(payload)]) + payload  # 4: content
    )
    body = b"\x0a" + bytes([len(event)]) + event
    header = (
        b"SSTKBAT1" + cluster + node
        + struct.pack(">QQQ", 1_000_000, 7, 1)  # epoch, nonce, first sequence number
        + struct.pack(">HHI", 1, 0, len(body))  # count, flags, length of the body
        + struct.pack(">QQ", timestamp, 0)
        + bytes(32) + blake2b(body, b"SSTKBODY") + bytes(32)  # prev, body hash, grant
        + bytes(8) + bytes(32)  # policy, reserved
    )
    assert len(header) == 256
    signature = nacl.signing.SigningKey.generate().sign(header).signature
    return [b"E/app", header, signature, body]


def main(state, address):
    folder = glob.glob(os.path.join(state, "sites", "*"))[0]
    with open(os.path.join(folder, "node.key"), "rb") as file:
        keys = file.read()
    with open(os.path.join(folder, "cluster.pin"), "rb") as file:
        cluster = file.read()[-64:-32]
    node = blake2b(bytes(nacl.signing.SigningKey(keys[8:40]).verify_key))
    curve_secret = keys[40:72]

    context = zmq.Context()
    publisher = context.socket(zmq.PUB)
    publisher.linger = 0
    publisher.curve_server = True
    publisher.curve_secretkey = z85.encode(curve_secret)
    publisher.curve_publickey = z85.encode(nacl.bindings.crypto_scalarmult_base(curve_secret))
    publisher.bind(f"tcp://{address}:5572")
    batch = forged_batch(cluster, node)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        publisher.send_multipart(batch)
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
