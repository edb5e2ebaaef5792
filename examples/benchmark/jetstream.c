/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer: NATS JetStream with a stream in files, through libnats. Unsigned and unencrypted; the
 * server acknowledges before it syncs.
 *
 *     jetstream URL latency        each event acknowledged before the next
 *     jetstream URL throughput     at most 4,096 events not acknowledged
 */
#include "measure.h"

#include <nats/nats.h>

enum { JETSTREAM_EVENTS = 100000, MOST_UNACKNOWLEDGED = 4096 };

static const char *url;
static const char *subject = "bench";
static jsCtx *stream;
static int is_asynchronous;

static void require(natsStatus status, const char *what) {
    if (status != NATS_OK) {
        fprintf(stderr, "%s: %s\n", what, natsStatus_GetText(status));
        exit(1);
    }
}

static jsCtx *open_stream(int sends_at_once) {
    natsConnection *connection = NULL;
    natsOptions *options = NULL;
    jsCtx *context = NULL;
    jsOptions limits;
    require(natsOptions_Create(&options), "options");
    require(natsOptions_SetURL(options, url), "URL");
    require(natsOptions_SetSendAsap(options, sends_at_once), "options");
    require(natsConnection_Connect(&connection, options), "connect");
    jsOptions_Init(&limits);
    limits.PublishAsync.MaxPending = MOST_UNACKNOWLEDGED;
    require(natsConnection_JetStream(&context, connection, &limits), "JetStream");
    return context;
}

/* In a process of its own, since the library's threads do not survive fork(2). */
static void make_stream(void) {
    pid_t process = fork();
    int status = 1;
    if (process < 0) fail("fork");
    if (process == 0) {
        jsStreamConfig configuration;
        jsErrCode error = 0;
        jsCtx *context = open_stream(0);
        js_DeleteStream(context, "BENCH", NULL, &error);
        jsStreamConfig_Init(&configuration);
        configuration.Name = "BENCH";
        configuration.Subjects = &subject;
        configuration.SubjectsLen = 1;
        configuration.Storage = js_FileStorage;
        require(js_AddStream(NULL, context, &configuration, NULL, &error), "make the stream");
        _exit(0);
    }
    waitpid(process, &status, 0);
    if (status != 0) exit(1);
}

static void subscribe(int index) {
    natsSubscription *subscription = NULL;
    jsSubOptions options;
    jsErrCode error = 0;
    natsMsg *message = NULL;
    jsSubOptions_Init(&options);
    options.Ordered = true;
    options.Config.DeliverPolicy = js_DeliverAll;
    require(js_SubscribeSync(&subscription, open_stream(0), subject, NULL, &options, &error),
            "subscribe");
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    for (;;) {
        if (natsSubscription_NextMsg(&message, subscription, 1000) != NATS_OK) continue;
        arrived(index, natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message));
        natsMsg_Destroy(message);
    }
}

static void publish(const unsigned char *event) {
    jsErrCode error = 0;
    if (is_asynchronous) {
        require(js_PublishAsync(stream, subject, event, EVENT_BYTES, NULL), "publish");
        return;
    }
    jsPubAck *acknowledgement = NULL;
    require(js_Publish(&acknowledgement, stream, subject, event, EVENT_BYTES, NULL, &error),
            "publish");
    jsPubAck_Destroy(acknowledgement);
}

static void flush(void) {
    jsPubOptions options;
    if (!is_asynchronous) return;
    jsPubOptions_Init(&options);
    options.MaxWait = 60000;
    require(js_PublishAsyncComplete(stream, &options), "complete");
}

int main(int count, char **words) {
    const char *mode = count > 2 ? words[2] : "";
    const int is_latency = strcmp(mode, "latency") == 0;
    if (!is_latency && strcmp(mode, "throughput") != 0) {
        fprintf(stderr, "usage: jetstream URL latency|throughput\n");
        return 64;
    }
    url = words[1];
    is_asynchronous = !is_latency;
    alarm(120);
    make_scoreboard();
    make_stream();
    start_subscribers(subscribe);
    stream = open_stream(is_latency);
    if (is_latency) {
        greet(publish, NULL);
        publish_at_rate(publish, NULL);
        print_latency("event", "jetstream", 0, LATENCY_EVENTS);
    } else {
        measure_throughput("jetstream", publish, flush, JETSTREAM_EVENTS);
    }
    end_subscribers();
    _exit(0);
}
