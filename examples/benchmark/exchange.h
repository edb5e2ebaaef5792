/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One FastCGI request on a connection of its own, to as many PHP-FPM as are named, side by side.
 * What opcache and APCu hold is emptied by the script; nothing proves it here.
 */
#ifndef SITESTACKER_BENCHMARK_EXCHANGE_H
#define SITESTACKER_BENCHMARK_EXCHANGE_H

#include "figures.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { MOST_POOLS = 3, WARM_UP_CLEARS = 5, EMPTY_CLEARS = 100, PRIMED_CLEARS = 20 };
enum { BEGIN_REQUEST = 1, PARAMETERS = 4, INPUT = 5, HEADER = 8, LARGEST = 4096 };

struct exchange {
    int socket;
    size_t size;
    char reply[LARGEST];
};

static unsigned char request[LARGEST];

static size_t record(size_t at, int kind, const void *content, size_t size) {
    const unsigned char header[HEADER] = {1, (unsigned char)kind, 0, 1, (unsigned char)(size >> 8),
                                          (unsigned char)size, 0, 0};
    memcpy(request + at, header, HEADER);
    if (size > 0) memcpy(request + at + HEADER, content, size);
    return at + HEADER + size;
}

static size_t pair(unsigned char *stream, size_t at, const char *name, const char *value) {
    const size_t name_size = strlen(name), size = strlen(value);
    if (name_size > 127 || size > 127 || at + 2 + name_size + size > 1024) {
        fprintf(stderr, "%s: too long\n", name);
        exit(1);
    }
    stream[at++] = (unsigned char)name_size;
    stream[at++] = (unsigned char)size;
    memcpy(stream + at, name, name_size);
    memcpy(stream + at + name_size, value, size);
    return at + name_size + size;
}

static size_t make_request(const char *script) {
    const unsigned char responder[8] = {0, 1};
    unsigned char stream[1024];
    size_t size = 0, end;
    size = pair(stream, size, "SCRIPT_FILENAME", script);
    size = pair(stream, size, "SCRIPT_NAME", script);
    size = pair(stream, size, "REQUEST_METHOD", "GET");
    size = pair(stream, size, "SERVER_PROTOCOL", "HTTP/1.1");
    end = record(0, BEGIN_REQUEST, responder, sizeof responder);
    end = record(end, PARAMETERS, stream, size);
    end = record(end, PARAMETERS, NULL, 0);
    return record(end, INPUT, NULL, 0);
}

static void ask(struct exchange *one, const char *path, size_t size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail("a socket's path");
    memcpy(address.sun_path, path, strlen(path));
    one->size = 0;
    one->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one->socket < 0) fail("socket");
    if (connect(one->socket, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    if (write(one->socket, request, size) != (ssize_t)size) fail("write");
}

/* Reads what has come; returns whether that was all. */
static int hear(struct exchange *one) {
    ssize_t count = read(one->socket, one->reply + one->size, sizeof one->reply - one->size);
    if (count < 0 || one->size + (size_t)count == sizeof one->reply) fail("read");
    one->size += (size_t)count;
    if (count == 0) close(one->socket);
    return count == 0;
}

/* Has the script run in all pools side by side; the time until the last has answered. */
static uint64_t run_script(const char *script, char **pools, int count, const char *expected) {
    struct exchange all[MOST_POOLS];
    struct pollfd waiting[MOST_POOLS];
    const size_t size = make_request(script);
    const uint64_t start = now();
    int left = count;
    for (int i = 0; i < count; i++) {
        ask(&all[i], pools[i], size);
        waiting[i] = (struct pollfd){.fd = all[i].socket, .events = POLLIN};
    }
    while (left > 0) {
        if (poll(waiting, (nfds_t)count, -1) < 0) fail("poll");
        for (int i = 0; i < count; i++) {
            if (waiting[i].fd < 0 || waiting[i].revents == 0 || !hear(&all[i])) continue;
            waiting[i].fd = -1;
            left--;
        }
    }
    const uint64_t time = now() - start;
    for (int i = 0; i < count; i++) {
        if (memmem(all[i].reply, all[i].size, expected, strlen(expected)) != NULL) continue;
        fprintf(stderr, "%s: %.*s\n", script, (int)all[i].size, all[i].reply);
        exit(1);
    }
    return time;
}

#endif
