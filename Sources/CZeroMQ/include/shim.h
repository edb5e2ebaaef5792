/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few system calls which the Swift overlay of the C library does not export.
 * Every function here is opaque: feature macros stay in shim.c, because a public header that
 * defines them changes the layout of types that other modules have already seen.
 */
#ifndef SITESTACKER_CZEROMQ_H
#define SITESTACKER_CZEROMQ_H

#include <stdint.h>

/* A non-blocking, close-on-exec event counter, or -1 with errno set. Source: eventfd(2). */
int czmq_event_open(void);

/* Makes the counter readable. A counter that is readable already stays so. */
void czmq_event_ring(int descriptor);

/* Makes the counter unreadable until it is rung again. */
void czmq_event_clear(int descriptor);

/* Closes the counter. */
void czmq_event_close(int descriptor);

/*
 * Starts a detached thread with all signals blocked and the given name (cut to 15 bytes).
 * Returns 0, or an errno value and then the body is not called. Source: pthread_create(3).
 */
int czmq_thread_start(const char *name, void (*body)(void *), void *argument);

/* Which loop the calling thread belongs to; null for threads that were not started for one. */
const void *czmq_thread_loop(void);

/* Records which loop the calling thread belongs to. */
void czmq_thread_set_loop(const void *loop);

/* Whether the text is a numeric address: 4 or 6 for the family, 0 if it is neither. */
int czmq_numeric_address_family(const char *text);

/* Gives freed memory back to the system. Source: malloc_trim(3). */
void czmq_memory_trim(void);

/* A TCP connection of this process. */
struct czmq_connection {
    uint64_t inode;
    uint64_t received;
    uint16_t local_port;
    char peer[46];
};

/* Reads what the kernel knows; 0, or -1 if the descriptor is no TCP connection. Source: tcp(7). */
int czmq_connection_read(int descriptor, struct czmq_connection *found);

#endif
