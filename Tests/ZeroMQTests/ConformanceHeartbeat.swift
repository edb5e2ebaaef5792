// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension Conformance {
    @Suite("heartbeats") struct Heartbeat {
        /// Shapes: no option for ZMTP heartbeats exists in this binding, and receiving sockets have
        /// no high-water mark.
        ///
        /// Upstream: zeromq/libzmq#3937, #4229, #4767.
        ///
        /// In a child process, because what is measured is an abort.
        @Test("ZMTP heartbeats abort a process whose subscriber is slow")
        func abort() async throws {
            let folder = try TemporaryFolder()
            let source = folder.url.appendingPathComponent("heartbeat.c")
            let program = folder.url.appendingPathComponent("heartbeat").path
            try Data(Self.source.utf8).write(to: source)
            let compiled = try await runProgram(
                "cc", ["-O1", source.path, "-o", program, "-lzmq", "-lpthread"])
            try #require(compiled.status == 0, "\(compiled.output)")

            let control = try await runProgram(program, ["3", "0"])
            #expect(!control.wasSignalled && control.status == 0, "without heartbeats all is well")

            let measured = try await runProgram(program, ["12", "200"])
            withKnownIssue("Library mended or abort not reproduced in time.", isIntermittent: true)
            {
                #expect(measured.wasSignalled && measured.status == SIGABRT)
                #expect(measured.output.contains("_input_stopped"))
            }
            if !measured.wasSignalled { #expect(measured.status == 0, "\(measured.output)") }
        }

        /// Arguments: how many seconds to run, and the heartbeat interval in milliseconds.
        private static let source = """
            #include <pthread.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/resource.h>
            #include <time.h>
            #include <unistd.h>
            #include <zmq.h>

            static void *flood(void *publisher) {
                char payload[1024];
                memset(payload, 1, sizeof payload);
                for (;;) zmq_send(publisher, payload, sizeof payload, 0);
                return NULL;
            }

            int main(int count, char **arguments) {
                if (count != 3) return 64;
                int seconds = atoi(arguments[1]), interval = atoi(arguments[2]), mark = 1000;
                alarm((unsigned)seconds + 5);
                struct rlimit none = {0, 0};
                setrlimit(RLIMIT_CORE, &none);
                void *context = zmq_ctx_new();
                void *publisher = zmq_socket(context, ZMQ_PUB);
                void *subscriber = zmq_socket(context, ZMQ_SUB);
                zmq_setsockopt(subscriber, ZMQ_RCVHWM, &mark, sizeof mark);
                zmq_setsockopt(subscriber, ZMQ_HEARTBEAT_IVL, &interval, sizeof interval);
                zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "", 0);
                char endpoint[256];
                size_t size = sizeof endpoint;
                zmq_bind(publisher, "tcp://127.0.0.1:*");
                zmq_getsockopt(publisher, ZMQ_LAST_ENDPOINT, endpoint, &size);
                zmq_connect(subscriber, endpoint);
                pthread_t thread;
                pthread_create(&thread, NULL, flood, publisher);
                char buffer[1024];
                struct timespec pause = {0, 2000000};
                for (time_t end = time(NULL) + seconds; time(NULL) < end;) {
                    zmq_recv(subscriber, buffer, sizeof buffer, 0);
                    nanosleep(&pause, NULL);
                }
                _exit(0);
            }
            """
    }
}
