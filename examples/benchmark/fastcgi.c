/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of a clear: one FastCGI request on a connection of its own, to a script that empties the
 * opcode cache and the user cache and looks at nothing. Without the proof, which opcache gives only
 * to the next request.
 *
 *     fastcgi CLEARING-SCRIPT PRIMING-SCRIPT SOCKET...
 *
 * Once with the first socket alone (`one`), once with all of them side by side (`all3`).
 */
#define _GNU_SOURCE
#include "exchange.h"

int main(int count, char **words) {
    static uint64_t times[EMPTY_CLEARS];
    if (count < 4 || count > 3 + MOST_POOLS) {
        fprintf(stderr, "usage: fastcgi CLEARING-SCRIPT PRIMING-SCRIPT SOCKET...\n");
        return 64;
    }
    alarm(120);
    char **pools = words + 3;
    for (int all = 0; all < 2; all++) {
        for (int primed = 0; primed < 2; primed++) {
            const int clears = primed ? PRIMED_CLEARS : EMPTY_CLEARS, last = all ? count - 3 : 1;
            char what[32];
            for (int i = -WARM_UP_CLEARS; i < clears; i++) {
                if (primed) run_script(words[2], pools, last, "PRIMED");
                sleep_ms(PAUSE_MS);
                uint64_t time = run_script(words[1], pools, last, "CLEARED");
                if (i >= 0) times[i] = time;
            }
            snprintf(what, sizeof what, "clear.%s.%s", all ? "all3" : "one",
                     primed ? "primed" : "empty");
            print_percentiles(what, "floor", times, (size_t)clears);
        }
    }
    return 0;
}
