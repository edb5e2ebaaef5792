# SPDX-License-Identifier: Apache-2.0
"""Measures how long a daemon takes to answer `status` for a whole cluster.

    status.py PROGRAM FOLDER NODES

Founds a cluster of real daemons on 127.0.0.1, .2, ..., each with a site in a git repository and an
SQLite database, and asks the first one on its local socket: GET /v1/status on a connection of its
own, without the start of a client. All processes and files are gone afterwards.
"""
import http.client
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import time

PASSWORD = "a long password of nobody"
ASKED_AT_ONCE, ASKED_LATER = 50, 8
# Longer than a reading of repositories and database is kept.
PAUSE = 1.2
GIT = dict(os.environ, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull)


class LocalConnection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def free_ports(address):
    """Three in a row that nobody has, below those that the kernel hands out."""
    while True:
        first = random.randrange(10_000, 30_000)
        try:
            for port in range(first, first + 3):
                with socket.socket() as listener:
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    listener.bind((address, port))
            return first
        except OSError:
            continue


class Server:
    """One daemon with one site."""

    def __init__(self, program, folder, number):
        address = f"127.0.0.{number}"
        self.program = program
        self.port = free_ports(address)
        self.url = f"http://{address}:{self.port}"
        self.home, self.site = f"{folder}/home{number}", f"{folder}/site{number}"
        self.log = f"{folder}/log{number}"
        self.daemon = None

    def prepare(self, urls, origin):
        os.mkdir(self.home, 0o700)
        subprocess.run(["git", "clone", "-q", origin, self.site], env=GIT, check=True)
        with sqlite3.connect(f"{self.site}/site.sqlite") as base:
            base.execute("create table pages (name)")
        base.close()
        others = [url for url in urls if url != self.url]
        lines = ["urls:"] + [f'  - "{url}"' for url in [self.url] + others]
        lines += ["database: sqlite:site.sqlite", "caches: []"]
        self.write(f"{self.site}/sitestacker.yml", "\n".join(lines) + "\n")

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    def run(self, *words):
        done = subprocess.run(
            [self.program, *words, "--site", self.site], input=f"{PASSWORD}\n", text=True,
            env=dict(os.environ, SITESTACKER_HOME=self.home), capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")

    def start(self):
        self.write(f"{self.home}/users", "bench\n")
        with open(self.log, "w", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(
                [self.program, "daemon", self.site, "--log-level", "error"],
                env=dict(os.environ, SITESTACKER_HOME=self.home), stdout=log, stderr=log)
        wait(f"the daemon of {self.url}", self.answers)

    def answers(self):
        if self.daemon.poll() is not None:
            with open(self.log, encoding="utf-8") as log:
                sys.exit(f"the daemon of {self.url} ended:\n{log.read()}")
        try:
            return self.status() is not None
        except OSError:
            return False

    def status(self):
        connection = LocalConnection(f"{self.home}/daemon.sock")
        try:
            connection.request("GET", "/v1/status")
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        return json.loads(body) if answer.status == 200 else None

    def stop(self):
        if self.daemon is None:
            return
        self.daemon.terminate()
        try:
            self.daemon.wait(10)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()


def wait(what, condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited 60 s for {what}")
        time.sleep(0.05)


def make_origin(path):
    subprocess.run(["git", "init", "-q", "-b", "master", path], env=GIT, check=True)
    with open(f"{path}/.gitignore", "w", encoding="utf-8") as ignored:
        ignored.write("sitestacker.yml\n*.sqlite\n")
    subprocess.run(["git", "-C", path, "add", "."], env=GIT, check=True)
    subprocess.run(
        ["git", "-C", path, "-c", "user.name=Bench", "-c", "user.email=bench@example.com",
         "commit", "-q", "-m", "Begin"], env=GIT, check=True)
    return path


def is_whole(status, nodes):
    """Whether every server answered for itself, with its repositories and its database."""
    servers = (status or {}).get("servers", [])
    everybody = servers + [(status or {}).get("own", {})]
    return len(everybody) == nodes and all(
        server.get("node") and server.get("repositories") and server.get("database")
        and not server.get("error") for server in everybody)


def ask(server, nodes):
    start = time.monotonic()
    status = server.status()
    spent = (time.monotonic() - start) * 1e6
    if not is_whole(status, nodes):
        sys.exit(f"a status that is not whole: {json.dumps(status)[:2000]}")
    return spent


def print_figures(what, times):
    times = sorted(times)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        value = times[round(share * (len(times) - 1))]
        print(json.dumps({"what": f"{what}.{name}", "peer": "sitestacker",
                          "value": round(value, 3), "unit": "us"}), flush=True)


def measure(servers, nodes):
    first = servers[0]
    wait("a status of all", lambda: is_whole(first.status(), nodes))
    later = []
    for _ in range(ASKED_LATER):
        time.sleep(PAUSE)
        later.append(ask(first, nodes))
    print_figures(f"status.{nodes}.later", later)
    print_figures(f"status.{nodes}", [ask(first, nodes) for _ in range(ASKED_AT_ONCE)])


def main():
    program, folder, nodes = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    os.mkdir(folder)
    servers = [Server(program, folder, number) for number in range(1, nodes + 1)]
    urls = [server.url for server in servers]
    try:
        origin = make_origin(f"{folder}/origin")
        for server in servers:
            server.prepare(urls, origin)
        servers[0].run("init", "--user", "bench", "--email", "bench@example.com", "--name",
                       "Bench", "--password-stdin")
        for server in servers:
            server.start()
        for server in servers[1:]:
            server.run("login", "-r", server.url, "-u", "bench", "--password-stdin")
        measure(servers, nodes)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
