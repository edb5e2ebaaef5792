/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int czmq_event_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void czmq_event_ring(int descriptor) {
    const uint64_t one = 1;
    ssize_t written;
    /* EAGAIN means the counter is at its maximum: it is readable, which is all we want. */
    do {
        written = write(descriptor, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
}

void czmq_event_clear(int descriptor) {
    uint64_t count;
    ssize_t got;
    do {
        got = read(descriptor, &count, sizeof count);
    } while (got < 0 && errno == EINTR);
}

void czmq_event_close(int descriptor) { close(descriptor); }

struct czmq_start {
    char name[16];
    void (*body)(void *);
    void *argument;
};

static void *czmq_thread_main(void *opaque) {
    struct czmq_start start = *(struct czmq_start *)opaque;
    free(opaque);
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.argument);
    return NULL;
}

int czmq_thread_start(const char *name, void (*body)(void *), void *argument) {
    struct czmq_start *start = calloc(1, sizeof *start);
    if (start == NULL) return ENOMEM;
    strncpy(start->name, name, sizeof start->name - 1);
    start->body = body;
    start->argument = argument;

    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        free(start);
        return error;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);

    /* The mask is inherited; set here, no signal can hit the thread's first instruction. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, czmq_thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    pthread_attr_destroy(&attributes);
    if (error != 0) free(start);
    return error;
}

static _Thread_local const void *czmq_loop = NULL;

const void *czmq_thread_loop(void) { return czmq_loop; }

void czmq_thread_set_loop(const void *loop) { czmq_loop = loop; }

int czmq_numeric_address_family(const char *text) {
    unsigned char buffer[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, text, buffer) == 1) return 4;
    if (inet_pton(AF_INET6, text, buffer) == 1) return 6;
    return 0;
}

void czmq_memory_trim(void) { malloc_trim(0); }

static int czmq_text(const struct sockaddr_storage *name, char *text, size_t size, uint16_t *port) {
    if (name->ss_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)name;
        *port = ntohs(four->sin_port);
        return inet_ntop(AF_INET, &four->sin_addr, text, (socklen_t)size) == NULL ? -1 : 0;
    }
    if (name->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)name;
        *port = ntohs(six->sin6_port);
        return inet_ntop(AF_INET6, &six->sin6_addr, text, (socklen_t)size) == NULL ? -1 : 0;
    }
    return -1;
}

int czmq_connection_read(int descriptor, struct czmq_connection *found) {
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode)) return -1;
    struct sockaddr_storage local, peer;
    socklen_t local_size = sizeof local, peer_size = sizeof peer;
    if (getsockname(descriptor, (struct sockaddr *)&local, &local_size) != 0) return -1;
    if (getpeername(descriptor, (struct sockaddr *)&peer, &peer_size) != 0) return -1;
    struct tcp_info tcp;
    socklen_t tcp_size = sizeof tcp;
    memset(&tcp, 0, sizeof tcp);
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &tcp, &tcp_size) != 0) return -1;
    char unused[sizeof found->peer];
    uint16_t peer_port;
    if (czmq_text(&local, unused, sizeof unused, &found->local_port) != 0) return -1;
    if (czmq_text(&peer, found->peer, sizeof found->peer, &peer_port) != 0) return -1;
    found->inode = status.st_ino;
    found->received = tcp.tcpi_bytes_received;
    return 0;
}
