/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the comparison programs share: one publisher, three subscriber processes, and a scoreboard in
 * shared memory with the time of each event's sending and of each arrival (CLOCK_MONOTONIC).
 * The same definitions as in Sources/sitestacker-benchmark.
 */
#ifndef SITESTACKER_BENCHMARK_MEASURE_H
#define SITESTACKER_BENCHMARK_MEASURE_H

#include "figures.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { SUBSCRIBERS = 3, EVENT_BYTES = 200, LATENCY_EVENTS = 1500, LATENCY_RATE = 500 };
enum { MOST_EVENTS = 400000 };
#define GREETING UINT64_MAX

struct scoreboard {
    atomic_int ready[SUBSCRIBERS];
    atomic_uint_least64_t count[SUBSCRIBERS];
    atomic_uint_least64_t last[SUBSCRIBERS];
    uint64_t sent[MOST_EVENTS];
    uint64_t received[SUBSCRIBERS][MOST_EVENTS];
};

static struct scoreboard *board;
static pid_t subscribers[SUBSCRIBERS];

typedef void (*publish_function)(const unsigned char *event);
typedef void (*flush_function)(void);

static void make_scoreboard(void) {
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (board == MAP_FAILED) fail("mmap");
}

static int is_greeting(const void *bytes) {
    uint64_t event;
    memcpy(&event, bytes, sizeof event);
    return event == GREETING;
}

/* Subscriber `index` has an event. */
static void arrived(int index, const void *bytes, size_t size) {
    uint64_t time = now(), event;
    if (size < sizeof event) return;
    memcpy(&event, bytes, sizeof event);
    if (is_greeting(bytes)) {
        atomic_store(&board->ready[index], 1);
        return;
    }
    if (event >= MOST_EVENTS || board->received[index][event] != 0) return;
    board->received[index][event] = time;
    atomic_store(&board->last[index], time);
    atomic_fetch_add(&board->count[index], 1);
}

/* A process a subscriber; none outlives its parent. */
static void start_subscribers(void (*serve)(int)) {
    for (int index = 0; index < SUBSCRIBERS; index++) {
        pid_t process = fork();
        if (process < 0) fail("fork");
        if (process == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(index);
            _exit(1);
        }
        subscribers[index] = process;
    }
}

static void end_subscribers(void) {
    for (int index = 0; index < SUBSCRIBERS; index++) {
        kill(subscribers[index], SIGKILL);
        waitpid(subscribers[index], NULL, 0);
    }
}

static void fill(unsigned char *event) {
    for (size_t i = 0; i < EVENT_BYTES; i++) event[i] = (unsigned char)(i * 131 + 7);
}

/* Greets until every subscriber has heard a greeting, or for 15 s. */
static void greet(publish_function publish, flush_function flush) {
    unsigned char event[EVENT_BYTES];
    const uint64_t greeting = GREETING, end = now() + 15000000000u;
    fill(event);
    memcpy(event, &greeting, sizeof greeting);
    for (;;) {
        int ready = 0;
        for (int i = 0; i < SUBSCRIBERS; i++) ready += atomic_load(&board->ready[i]);
        if (ready == SUBSCRIBERS) break;
        if (now() > end) {
            fprintf(stderr, "a subscriber hears nothing\n");
            end_subscribers();
            exit(1);
        }
        publish(event);
        if (flush != NULL) flush();
        sleep_ms(20);
    }
    sleep_ms(200);
}

/* Waits until all have `count` events, or nothing has come for `quiet` milliseconds. */
static void wait_for_all(uint64_t count, uint64_t quiet) {
    uint64_t before = 0, since = now();
    for (;;) {
        uint64_t sum = 0;
        int complete = 0;
        for (int i = 0; i < SUBSCRIBERS; i++) {
            uint64_t one = atomic_load(&board->count[i]);
            sum += one;
            complete += one >= count;
        }
        if (complete == SUBSCRIBERS) return;
        if (sum != before) before = sum, since = now();
        if (now() - since > quiet * 1000000u) return;
        sleep_ms(1);
    }
}

/* How long so many events from the first on were under way: to any subscriber, and to the last of all. */
static void print_latency(const char *what, const char *peer, size_t first, size_t count) {
    uint64_t each[SUBSCRIBERS * LATENCY_EVENTS], last[LATENCY_EVENTS];
    size_t each_count = 0, last_count = 0, lost = 0;
    char name[64];
    for (size_t i = first; i < first + count; i++) {
        uint64_t slowest = 0;
        int arrivals = 0;
        for (int k = 0; k < SUBSCRIBERS; k++) {
            if (board->received[k][i] == 0) continue;
            uint64_t delay = board->received[k][i] - board->sent[i];
            each[each_count++] = delay;
            if (delay > slowest) slowest = delay;
            arrivals++;
        }
        lost += (size_t)(SUBSCRIBERS - arrivals);
        if (arrivals == SUBSCRIBERS) last[last_count++] = slowest;
    }
    snprintf(name, sizeof name, "%s.oneway", what);
    print_percentiles(name, peer, each, each_count);
    snprintf(name, sizeof name, "%s.last3", what);
    print_percentiles(name, peer, last, last_count);
    snprintf(name, sizeof name, "%s.latency.lost", what);
    print_figure(name, peer, (double)lost, "events");
}

/* From the first call until the last arrival; greets nobody and prints nothing. */
static void publish_at_rate(publish_function publish, flush_function flush) {
    unsigned char event[EVENT_BYTES];
    fill(event);
    const uint64_t start = now() + 1000000u;
    for (uint64_t i = 0; i < LATENCY_EVENTS; i++) {
        sleep_until(start + i * (1000000000u / LATENCY_RATE));
        memcpy(event, &i, sizeof i);
        board->sent[i] = now();
        publish(event);
        if (flush != NULL) flush();
    }
    wait_for_all(LATENCY_EVENTS, 2000);
}

static void measure_throughput(const char *peer, publish_function publish, flush_function flush,
                               uint64_t count) {
    unsigned char event[EVENT_BYTES];
    uint64_t received = 0, last = 0;
    fill(event);
    greet(publish, flush);
    board->sent[0] = now();
    for (uint64_t i = 0; i < count; i++) {
        memcpy(event, &i, sizeof i);
        publish(event);
    }
    if (flush != NULL) flush();
    wait_for_all(count, 4000);
    for (int k = 0; k < SUBSCRIBERS; k++) {
        uint64_t time = atomic_load(&board->last[k]);
        received += atomic_load(&board->count[k]);
        if (time > last) last = time;
    }
    print_figure("event.throughput.all3", peer,
                 (double)received / SUBSCRIBERS * 1e9 / (double)(last - board->sent[0]), "events/s");
    print_figure("event.throughput.lost", peer, (double)(SUBSCRIBERS * count - received), "events");
}

#endif
