/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim.h"

#include <malloc.h>
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
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
