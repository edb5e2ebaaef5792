/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of every figure, and how figures are printed: one JSON object a line. */
#ifndef SITESTACKER_BENCHMARK_FIGURES_H
#define SITESTACKER_BENCHMARK_FIGURES_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Between clears, and between the events that are measured beside them. */
enum { PAUSE_MS = 20 };

static void fail(const char *what) {
    fprintf(stderr, "%s failed: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t when) {
    struct timespec time = {(time_t)(when / 1000000000u), (long)(when % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {
    }
}

static void sleep_ms(uint64_t milliseconds) { sleep_until(now() + milliseconds * 1000000u); }

static void print_figure(const char *what, const char *peer, double value, const char *unit) {
    printf("{\"what\":\"%s\",\"peer\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", what, peer, value,
           unit);
    fflush(stdout);
}

static int compare(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void print_percentiles(const char *what, const char *peer, uint64_t *times, size_t count) {
    char name[64];
    if (count == 0) return;
    qsort(times, count, sizeof *times, compare);
    snprintf(name, sizeof name, "%s.p50", what);
    print_figure(name, peer, (double)times[(size_t)(0.5 * (double)(count - 1) + 0.5)] / 1e3, "us");
    snprintf(name, sizeof name, "%s.p99", what);
    print_figure(name, peer, (double)times[(size_t)(0.99 * (double)(count - 1) + 0.5)] / 1e3, "us");
}

#endif
