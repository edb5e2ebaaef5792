/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what libzmq with CURVE and an Ed25519 signature cost in C, without a log, a cluster or
 * any check but the signature's. Nothing built on them can be faster by much.
 *
 *     floor latency        a signature an event
 *     floor paced          the same, one event after another, each after a pause
 *     floor throughput     a signature for 64 events, no high-water mark, no log
 *     floor roundtrip      DEALER to ROUTER and back, 200 bytes
 *     floor clears CLEARING-SCRIPT PRIMING-SCRIPT SOCKET...
 *                          paced, and each subscriber clears a PHP-FPM of its own by FastCGI
 */
#define _GNU_SOURCE
#include "exchange.h"
#include "measure.h"

#include <sodium.h>
#include <zmq.h>

enum { SIGNATURE = crypto_sign_BYTES, LARGEST_BATCH = 64, ROUNDS = 5000, WARM_UP = 500 };
enum { PACED_EVENTS = 100 };

static char server_public[41], server_secret[41], client_public[41], client_secret[41];
static unsigned char verify_key[crypto_sign_PUBLICKEYBYTES], sign_key[crypto_sign_SECRETKEYBYTES];
static char endpoint[64];
static void *publisher;
static unsigned char frame[SIGNATURE + LARGEST_BATCH * EVENT_BYTES];
static size_t batch = 1, waiting;
static char **clears; /* scripts and sockets, where subscribers clear */

static void require(int status, const char *what) {
    if (status != 0) {
        fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
        exit(1);
    }
}

static void be_server(void *socket) {
    const int yes = 1;
    require(zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes), "CURVE");
    require(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, server_secret, 41), "CURVE");
}

static void be_client(void *socket) {
    require(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public, 41), "CURVE");
    require(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, client_public, 41), "CURVE");
    require(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, client_secret, 41), "CURVE");
}

static void have_no_limit(void *socket) {
    const int none = 0;
    require(zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none), "SNDHWM");
    require(zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none), "RCVHWM");
}

/* A port that nobody has, as the endpoint; libzmq threads must not exist before fork(2). */
static void choose_endpoint(void) {
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_ROUTER);
    size_t size = sizeof endpoint;
    require(zmq_bind(socket, "tcp://127.0.0.1:*"), "bind");
    require(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size), "endpoint");
    zmq_close(socket);
    zmq_ctx_term(context);
}

static void bind_soon(void *socket) {
    for (int attempt = 0; attempt < 50; attempt++) {
        if (zmq_bind(socket, endpoint) == 0) return;
        sleep_ms(20);
    }
    require(-1, "bind");
}

static void subscribe(int index) {
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_SUB);
    zmq_msg_t message;
    have_no_limit(socket);
    be_client(socket);
    require(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0), "subscribe");
    require(zmq_connect(socket, endpoint), "connect");
    zmq_msg_init(&message);
    for (;;) {
        if (zmq_msg_recv(&message, socket, 0) < SIGNATURE) continue;
        const unsigned char *bytes = zmq_msg_data(&message);
        const size_t size = zmq_msg_size(&message);
        if (crypto_sign_verify_detached(bytes, bytes + SIGNATURE, size - SIGNATURE, verify_key) != 0)
            continue;
        for (size_t at = SIGNATURE; at + EVENT_BYTES <= size; at += EVENT_BYTES) {
            if (clears != NULL && !is_greeting(bytes + at))
                run_script(clears[0], clears + 2 + index, 1, "CLEARED");
            arrived(index, bytes + at, EVENT_BYTES);
        }
    }
}

static void flush(void) {
    if (waiting == 0) return;
    crypto_sign_detached(frame, NULL, frame + SIGNATURE, waiting, sign_key);
    zmq_send(publisher, frame, SIGNATURE + waiting, 0);
    waiting = 0;
}

static void publish(const unsigned char *event) {
    memcpy(frame + SIGNATURE + waiting, event, EVENT_BYTES);
    waiting += EVENT_BYTES;
    if (waiting == batch * EVENT_BYTES) flush();
}

/* What this process and its subscribers have taken of the processors, in nanoseconds. */
static uint64_t processor_time(void) {
    uint64_t sum = 0;
    for (int index = -1; index < SUBSCRIBERS; index++) {
        clockid_t clock;
        struct timespec time;
        if (clock_getcpuclockid(index < 0 ? 0 : subscribers[index], &clock) != 0) continue;
        if (clock_gettime(clock, &time) != 0) continue;
        sum += (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
    }
    return sum;
}

static void publish_paced(uint64_t number) {
    unsigned char event[EVENT_BYTES];
    fill(event);
    memcpy(event, &number, sizeof number);
    sleep_ms(PAUSE_MS);
    board->sent[number] = now();
    publish(event);
    flush();
    wait_for_all(number + 1, 2000);
}

/* As orders to clear come: nobody is busy when one is published. */
static void measure_paced(void) {
    greet(publish, flush);
    for (uint64_t i = 0; i < PACED_EVENTS; i++) publish_paced(i);
    print_latency("paced", "floor", 0, PACED_EVENTS);
}

/* The whole way of an order in C: three processes hear of it, and each clears at once. */
static void measure_clears(void) {
    uint64_t next = 0;
    greet(publish, flush);
    for (; next < WARM_UP_CLEARS; next++) publish_paced(next);
    for (int i = 0; i < EMPTY_CLEARS; i++) publish_paced(next++);
    print_latency("order.empty", "floor", next - EMPTY_CLEARS, EMPTY_CLEARS);
    for (int i = 0; i < PRIMED_CLEARS; i++) {
        run_script(clears[1], clears + 2, SUBSCRIBERS, "PRIMED");
        publish_paced(next++);
    }
    print_latency("order.primed", "floor", next - PRIMED_CLEARS, PRIMED_CLEARS);
}

static void answer(void) {
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_ROUTER);
    zmq_msg_t asker, body;
    be_server(socket);
    bind_soon(socket);
    for (;;) {
        zmq_msg_init(&asker);
        zmq_msg_init(&body);
        zmq_msg_recv(&asker, socket, 0);
        zmq_msg_recv(&body, socket, 0);
        zmq_msg_send(&asker, socket, ZMQ_SNDMORE);
        zmq_msg_send(&body, socket, 0);
    }
}

static void measure_round_trip(void) {
    static uint64_t times[ROUNDS];
    unsigned char request[EVENT_BYTES], reply[EVENT_BYTES];
    pid_t server = fork();
    if (server < 0) fail("fork");
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        answer();
    }
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_DEALER);
    be_client(socket);
    require(zmq_connect(socket, endpoint), "connect");
    fill(request);
    for (int round = -WARM_UP; round < ROUNDS; round++) {
        uint64_t start = now();
        zmq_send(socket, request, sizeof request, 0);
        zmq_recv(socket, reply, sizeof reply, 0);
        if (round >= 0) times[round] = now() - start;
    }
    print_percentiles("rtt", "floor", times, ROUNDS);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

int main(int count, char **words) {
    const char *mode = count > 1 ? words[1] : "";
    if (sodium_init() < 0) return 1;
    crypto_sign_keypair(verify_key, sign_key);
    require(zmq_curve_keypair(server_public, server_secret), "key pair");
    require(zmq_curve_keypair(client_public, client_secret), "key pair");
    make_scoreboard();
    if (strcmp(mode, "clears") == 0 && count == 4 + SUBSCRIBERS) clears = words + 2;
    choose_endpoint();
    alarm(120);
    if (strcmp(mode, "roundtrip") == 0) {
        measure_round_trip();
        _exit(0);
    }
    start_subscribers(subscribe);
    publisher = zmq_socket(zmq_ctx_new(), ZMQ_PUB);
    have_no_limit(publisher);
    be_server(publisher);
    bind_soon(publisher);
    if (strcmp(mode, "latency") == 0) {
        greet(publish, flush);
        const uint64_t before = processor_time();
        publish_at_rate(publish, flush);
        const uint64_t spent = processor_time() - before;
        print_latency("event", "floor", 0, LATENCY_EVENTS);
        print_figure("event.cpu", "floor", (double)spent / 1e3 / LATENCY_EVENTS, "us");
    } else if (strcmp(mode, "paced") == 0) {
        measure_paced();
    } else if (clears != NULL) {
        measure_clears();
    } else if (strcmp(mode, "throughput") == 0) {
        batch = LARGEST_BATCH;
        measure_throughput("floor", publish, flush, MOST_EVENTS);
    } else {
        fprintf(stderr, "usage: floor latency|paced|throughput|roundtrip|clears ...\n");
        end_subscribers();
        return 64;
    }
    end_subscribers();
    _exit(0);
}
