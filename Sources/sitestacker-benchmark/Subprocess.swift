// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Another process of this program, which ends when the pipe to it closes.
///
/// So no process outlives the run, whatever becomes of the one that started it.
struct Subprocess: Sendable {
    let process: pid_t
    private let leash: CInt

    /// Starts this program with other arguments.
    init(_ arguments: [String]) throws(BenchmarkError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("open a pipe") }
        guard ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
            throw .system("keep the pipe from other processes")
        }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        var words = (["sitestacker-benchmark"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var started: pid_t = 0
        let status = posix_spawn(&started, "/proc/self/exe", &actions, nil, &words, environ)
        guard status == 0 else {
            close(ends[1])
            throw BenchmarkError(
                operation: "start a node", detail: String(cString: strerror(status)))
        }
        process = started
        leash = ends[1]
    }

    /// Stops it where it stands.
    func freeze() { kill(process, SIGSTOP) }

    /// Lets it go on.
    func thaw() { kill(process, SIGCONT) }

    /// Ends it and waits for it; kills it after ten seconds.
    func end() {
        thaw()
        close(leash)
        let limit = MonotonicClock.now() + 10_000_000_000
        var status: CInt = 0
        while waitpid(process, &status, WNOHANG) == 0 {
            if MonotonicClock.now() > limit { kill(process, SIGKILL) }
            MonotonicClock.sleep(milliseconds: 2)
        }
    }

    /// Returns when the process that started this one closes the pipe, or is gone.
    static func waitForEnd() {
        // A second way out: the kernel ends a process whose parent lost it.
        alarm(300)
        var byte: UInt8 = 0
        while read(0, &byte, 1) > 0 {}
    }
}

/// What processes take of the processors.
enum ProcessorTime {
    /// What all their threads have taken together.
    ///
    /// Unit: nanoseconds. Source: clock_getcpuclockid(3).
    static func sum(of processes: [pid_t]) -> UInt64 {
        processes.reduce(0) { sum, process in
            var clock = clockid_t()
            var time = timespec()
            guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0
            else { return sum }
            return sum + UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
    }
}

/// What a process takes of the memory.
enum Memory {
    /// Anonymous pages that are resident.
    ///
    /// Unit: MiB. Source: proc(5), `RssAnon`.
    static func anonymous(of process: pid_t) -> Double {
        guard let file = fopen("/proc/\(process)/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, CInt(line.count), file) != nil {
            let words = line.withUnsafeBufferPointer { buffer in
                String(
                    decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
                    as: UTF8.self
                ).split { $0 == " " || $0 == "\t" }
            }
            if words.first == "RssAnon:", words.count > 1, let size = Double(words[1]) {
                return size / 1_024
            }
        }
        return 0
    }
}
