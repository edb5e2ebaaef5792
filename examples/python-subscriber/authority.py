# SPDX-License-Identifier: Apache-2.0
"""Whose word counts: docs/specification/clients.md, section 2."""

from collections import namedtuple

import wire

PUBLISH, ADMIN = 8, 32
Signed = namedtuple("Signed", "name signer kind content")


class Authority:
    """What a set of records amounts to, beginning with the root key."""

    def __init__(self, cluster, root):
        self.cluster = cluster
        self.root = root
        self.records = {}
        self.nodes = {}      # node ID -> node key
        self.accounts = {}   # user key -> account that counts
        self.passed = {}     # replaced user key -> the key that followed
        self.ended = set()   # grants' hashes, nodes and user keys that were revoked
        self.grants = []

    def add(self, sealed):
        record = wire.accept_record(self.cluster, sealed)
        kind = record.WhichOneof("kind")
        name = wire.record_name(sealed)
        self.records[name] = Signed(name, sealed.signer, kind, getattr(record, kind))

    def of_kind(self, kind):
        return [record for record in self.records.values() if record.kind == kind]

    def fold(self):
        """Settles accounts round by round, then revocations, then grants."""
        versions, settled = self.of_kind("account"), {}
        self.accounts, self.passed = {}, {}
        bases = [v for v in versions
                 if v.signer == self.root and v.content.key == self.root]
        while bases:
            arrived = {}
            for name in sorted({v.content.name for v in bases}):
                base = best(v for v in bases if v.content.name == name)
                settled[name] = arrived[name] = self.pass_on(base, versions)
            self.accounts.update(self.judged(arrived, versions))
            bases = [v for v in versions
                     if v.content.name not in settled and self.is_admin(v.signer)]
        self.ended = self.revoked()
        self.grants = [g for g in self.of_kind("grant") if self.counts(g)]
        self.nodes = {g.content.node: g.content.node_key for g in self.grants}

    def pass_on(self, version, versions):
        """Follows changes of password from an account to the version of its last key."""
        while True:
            now = version.content
            later = [v for v in versions
                     if v.signer == now.key and v.content.serial > now.serial
                     and (v.content.name, v.content.email) == (now.name, now.email)
                     and v.content.scopes | now.scopes == now.scopes]
            if now.is_removed or not later:
                return version
            version = min(later, key=lambda v: (v.content.serial, v.name))
            if version.content.key != now.key:
                self.passed[now.key] = version.content.key

    def judged(self, arrived, versions):
        """Those of one round who are live, after those before them and their peers."""
        peers = {v.content.key: v.content for v in arrived.values() if not v.content.is_removed}

        def is_ended(account):
            judges = {key for key in peers
                      if peers[key].scopes & ADMIN and key != account.key}
            return any(
                r.content.user == account.key and (r.signer in judges or self.is_admin(r.signer))
                for r in self.of_kind("revocation")
            ) or any(
                v.signer in judges and v.content.is_removed
                and v.content.name == account.name and v.content.serial > account.serial
                for v in versions)

        return {key: account for key, account in peers.items() if not is_ended(account)}

    def last_key(self, key):
        """The key to which a user key passed, itself if to none."""
        seen = set()
        while key in self.passed and key not in seen:
            seen.add(key)
            key = self.passed[key]
        return key

    def is_admin(self, key):
        return key in self.accounts and bool(self.accounts[key].scopes & ADMIN)

    def revoked(self):
        """The subjects of all revocations by administrators, present and replaced."""
        denials = [r for r in self.of_kind("revocation")
                   if self.is_admin(self.last_key(r.signer))]
        users = {r.content.user for r in denials if r.content.WhichOneof("subject") == "user"}
        return {getattr(r.content, r.content.WhichOneof("subject"))
                for r in denials if r.signer not in users or r.content.user == r.signer}

    def counts(self, grant):
        user, node = grant.content.user, grant.content.node
        heir = self.last_key(user)
        if heir not in self.accounts or {grant.name, node, user} & self.ended:
            return False
        return heir == user or any(
            g.content.user == heir and g.content.node == node for g in self.of_kind("grant"))

    def speaker(self, batch):
        """The present key of the user under whose grant a batch was said, or None."""
        spoken = self.records.get(batch.grant)
        if spoken is None or spoken.kind != "grant":
            return None
        heir = self.last_key(spoken.content.user)
        return heir if heir in self.accounts else None

    def user_of(self, batch):
        return self.accounts[self.speaker(batch)].name

    def may_publish(self, batch, event):
        """Whether an application event of an accepted batch is believed."""
        speaker = self.speaker(batch)
        if speaker is None:
            return False
        scopes = self.accounts[speaker].scopes
        return any(
            g.content.scopes & scopes & PUBLISH and event.timestamp >> 16 < g.content.not_after
            for g in self.grants
            if g.content.node == batch.log.origin
            and self.last_key(g.content.user) == speaker)


def best(versions):
    """Of several versions: the highest serial, then a removal, then the lower hash."""
    return min(versions,
               key=lambda v: (-v.content.serial, not v.content.is_removed, v.name))
