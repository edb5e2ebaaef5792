// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQ

/// Memory that libzmq has freed and the C library keeps for later.
public enum FreedMemory {
    /// Gives it back to the system, so that what a process holds can be read from outside.
    ///
    /// It walks the whole heap, some milliseconds for a large one. Source: malloc_trim(3).
    public static func giveBack() { czmq_memory_trim() }
}
