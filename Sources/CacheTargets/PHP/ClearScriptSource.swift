// SPDX-License-Identifier: Apache-2.0

/// The PHP program which runs inside PHP-FPM, because only a child of the master which owns the
/// caches can clear them.
///
/// The program has three editions. `whole` clears both caches where both are there and in order,
/// `counting` only counts; they are short, because PHP compiles them anew around every reset.
/// `selective` can do all of it, knows what may be amiss, and stays compiled in the opcode cache.
/// None has functions: with closures it took PHP 0.35 ms to compile and optimise the program,
/// without them 0.1 ms.
/// The reply is lines of `key value`, which `ClearReply` reads. A caller without the token learns
/// nothing but an empty 404.
enum ClearScriptSource {
    /// What `whole` says where it cannot do it all: then `selective` is to be asked.
    static let otherwise = "sitestacker-clear otherwise"

    /// The plain clear of both caches; it accepts the token with this SHA-256.
    static func whole(tokenFingerprint: String) -> String {
        door.replacing("@FINGERPRINT@", with: tokenFingerprint)
            + both.replacing("@OTHERWISE@", with: otherwise)
    }

    /// What the counting edition needs; it accepts the token with this SHA-256.
    static func counting(tokenFingerprint: String) -> String {
        door.replacing("@FINGERPRINT@", with: tokenFingerprint) + opening
            + counters.replacing("$when", with: "before") + again + closing
    }

    /// Everything; it accepts the token with this SHA-256.
    static func selective(tokenFingerprint: String) -> String {
        assembled(door.replacing("@FINGERPRINT@", with: tokenFingerprint))
    }

    /// Everything, for PHP inside a web server; it accepts the token with this SHA-256.
    ///
    /// What PHP-FPM gets as parameters comes in headers here, which every visitor can send: so the
    /// token is all that guards it, the file lives for the one clear only, and a forgotten one
    /// removes itself at its first request.
    /// - Parameter expiry: When the script is worthless. Unit: seconds since 1970.
    static func web(tokenFingerprint: String, expiry: Int) -> String {
        let door = webDoor.replacing("@FINGERPRINT@", with: tokenFingerprint)
            .replacing("@EXPIRY@", with: String(expiry))
        return assembled(door)
    }

    private static func assembled(_ door: String) -> String {
        door + opening + items
            + "foreach (['before', 'after'] as $when) {\n" + counters
            + "    if ($when === 'after') { break; }\n" + reset + files + clear + entries + "}\n"
            + closing
    }

    private static let door = #"""
        <?php
        // Part of sitestacker: clears the caches of this PHP-FPM master when the daemon asks.
        // It answers only to a FastCGI parameter which no web server passes on from a visitor.
        declare(strict_types=1);
        if (!hash_equals('@FINGERPRINT@', hash('sha256', $_SERVER['SITESTACKER_TOKEN'] ?? ''))) {
            http_response_code(404);
            exit;
        }

        """#

    private static let webDoor = #"""
        <?php
        // Part of sitestacker: clears the caches of this web server's PHP when the daemon asks.
        // It is there for the moment of one clear, and answers only to that clear's token.
        declare(strict_types=1);
        if (time() > @EXPIRY@) {
            @unlink(__FILE__);
            http_response_code(404);
            exit;
        }
        $token = hash('sha256', $_SERVER['HTTP_X_SITESTACKER_TOKEN'] ?? '');
        if (!hash_equals('@FINGERPRINT@', $token)) {
            http_response_code(404);
            exit;
        }
        foreach (['OPCODE', 'FILES', 'USER', 'ITEMS', 'KEYS', 'PREFIXES'] as $name) {
            $_SERVER["SITESTACKER_$name"] = $_SERVER["HTTP_X_SITESTACKER_$name"] ?? '';
        }

        """#

    /// Who the master is, and whether the reset took place, the question that follows tells.
    private static let both = #"""
        while (ob_get_level() > 0 && ob_end_clean());
        header('Content-Type: text/plain');
        try {
            $o = @opcache_get_status(false)['opcache_statistics'];
            $u = @apcu_cache_info(true);
            if (!$o || !$u || !opcache_reset()) { throw new Error(); }
            $full = $o['oom_restarts'] + $o['hash_restarts'];
            apcu_store($proof = 'sitestacker:' . bin2hex(random_bytes(16)), 1, 60);
            apcu_clear_cache();
            $a = apcu_cache_info(true);
            $left = (int) apcu_exists($proof);
            $counters = "$o[num_cached_scripts] $o[start_time] $o[last_restart_time] "
                . "$o[manual_restarts] $full 0 $o[hits] $o[misses]";
            echo "sitestacker-clear 1\nopcode.before $counters\nopcode.after $counters\n",
                "user.before $u[num_entries] $u[start_time] $u[num_hits] $u[num_misses] ",
                "$u[num_inserts] $u[mem_size]\n",
                "user.after $a[num_entries] $a[start_time] $a[num_hits] $a[num_misses] ",
                "$a[num_inserts] $a[mem_size]\n",
                "opcode.result 1 0 0\nuser.result $u[num_entries] $left 0\nphp ", PHP_VERSION,
                "\nparent 0\nnamespace \nrealpath ", (int) ini_get('realpath_cache_ttl'),
                "\nfilecache ", rawurlencode((string) ini_get('opcache.file_cache')), "\nend 1\n";
        } catch (Throwable) {
            echo '@OTHERWISE@';
        }

        """#

    private static let opening = #"""
        while (ob_get_level() > 0 && ob_end_clean());
        header('Content-Type: text/plain');
        $began = (int) $_SERVER['REQUEST_TIME'];
        $done = $cached = $failed = $removed = $survivors = $refused = 0;
        $lines = '';

        """#

    private static let items = #"""
        $body = $_SERVER['SITESTACKER_ITEMS'] === '0' ? '' : file_get_contents('php://input');
        $items = $body === '' ? [] : explode("\0", substr($body, 0, -1));
        if (count($items) !== (int) $_SERVER['SITESTACKER_ITEMS']) {
            throw new RuntimeException('request body cut (post_max_size?)');
        }
        $files = array_splice($items, 0, (int) $_SERVER['SITESTACKER_FILES']);
        $keys = array_splice($items, 0, (int) $_SERVER['SITESTACKER_KEYS']);
        $prefixes = array_splice($items, 0, (int) $_SERVER['SITESTACKER_PREFIXES']);

        """#

    /// Reads the counters of both caches, or the word for why there are none.
    private static let counters = #"""
            $opcode = 'missing';
            if (function_exists('opcache_get_status') && function_exists('opcache_reset')
                && function_exists('opcache_invalidate')) {
                $status = @opcache_get_status(false);
                $s = $status['opcache_statistics'] ?? null;
                $only = (string) ini_get('opcache.restrict_api');
                if ($only !== '' && !str_starts_with($_SERVER['SCRIPT_FILENAME'], $only)) {
                    $opcode = 'restricted';
                } elseif (!$status || !ini_get('opcache.enable')) {
                    $opcode = 'disabled';
                } elseif (!$s) {
                    $opcode = 'file-only';
                } else {
                    $isPending = $status['restart_pending'] || $status['restart_in_progress'];
                    $opcode = implode(' ', [
                        $s['num_cached_scripts'], $s['start_time'], $s['last_restart_time'],
                        $s['manual_restarts'], $s['oom_restarts'] + $s['hash_restarts'],
                        (int) $isPending, $s['hits'], $s['misses'],
                    ]);
                }
            }
            $user = 'missing';
            if (function_exists('apcu_enabled') && function_exists('apcu_clear_cache')) {
                $u = apcu_enabled() ? @apcu_cache_info(true) : false;
                $user = !$u ? 'disabled' : implode(' ', [
                    $u['num_entries'], $u['start_time'], $u['num_hits'], $u['num_misses'],
                    $u['num_inserts'], $u['mem_size'],
                ]);
            }
            $lines .= "opcode.$when $opcode\nuser.$when $user\n";

        """#

    /// The same once more: nothing was cleared in between.
    private static let again = #"""
        $lines .= "opcode.after $opcode\nuser.after $user\n";

        """#

    private static let reset = #"""
            if ($_SERVER['SITESTACKER_OPCODE'] === 'all' && str_contains($opcode, ' ')) {
                // While another reset waits it says no, and that one will do; if it was just done,
                // ours is due.
                $isAccepted = opcache_reset();
                if (!$isAccepted) {
                    $now = opcache_get_status(false);
                    $isAccepted = ($now && $now['restart_pending']) || opcache_reset();
                }
                $isAccepted ? $done++ : $failed++;
            }

        """#

    private static let files = #"""
            foreach (str_contains($opcode, ' ') ? $files : [] as $file) {
                $cached += (int) opcache_is_script_cached($file);
                // It also says no to a file which is neither on disk nor in the cache.
                $isGone = opcache_invalidate($file, true) || !opcache_is_script_cached($file);
                $isGone ? $done++ : $failed++;
            }

        """#

    private static let clear = #"""
            $what = str_contains($user, ' ') ? $_SERVER['SITESTACKER_USER'] : 'none';
            if ($what === 'all') {
                // An entry which must vanish: what start_time says differs between versions.
                $proof = 'sitestacker:' . bin2hex(random_bytes(16));
                $isStored = apcu_store($proof, 1, 60);
                apcu_clear_cache();
                $left = apcu_cache_info(true)['num_entries'];
                $removed = $u['num_entries'];
                $isFuller = $left > 0 && $left >= $removed;
                $survivors = (int) ($isStored ? apcu_exists($proof) : $isFuller);
            }

        """#

    private static let entries = #"""
            if ($what === 'some') {
                $rules = $heads = [];
                $size = 0;
                // Each rule looks at all entries, so prefixes share one; PCRE compiles to 64 KiB.
                foreach ($prefixes as $prefix) {
                    $size += strlen($prefix);
                    $heads[intdiv($size, 8192)][] = preg_quote($prefix);
                }
                foreach ($heads as $head) {
                    $rules[] = "\1^(?:" . implode('|', $head) . ")\1";
                }
                foreach ($items as $pattern) {
                    $rule = "\1$pattern\1";
                    @preg_match($rule, '') === false ? $refused++ : $rules[] = $rule;
                }
                $removed = count($keys) - count($keys ? apcu_delete($keys) : []);
                foreach ($keys as $key) {
                    $left = apcu_key_info($key);
                    $survivors += (int) ($left !== null && $left['creation_time'] < $began);
                }
                foreach ($rules as $rule) {
                    $matching = new APCUIterator($rule, APC_ITER_CTIME);
                    $removed += $matching->getTotalCount();
                    apcu_delete($matching);
                    foreach (new APCUIterator($rule, APC_ITER_CTIME) as $left) {
                        $survivors += (int) ($left['creation_time'] < $began);
                    }
                }
            }

        """#

    private static let closing = #"""
        $parent = function_exists('posix_getppid') ? posix_getppid() : 0;
        if ($parent === 0) {
            $status = (string) @file_get_contents('/proc/self/status');
            $parent = preg_match('/^PPid:\s*(\d+)/m', $status, $found) ? (int) $found[1] : 0;
        }
        echo "sitestacker-clear 1\n", $lines, "opcode.result $done $cached $failed\n",
            "user.result $removed $survivors $refused\nphp ", PHP_VERSION,
            "\nparent $parent\nnamespace ", rawurlencode((string) @readlink('/proc/self/ns/pid')),
            "\nrealpath ", (int) ini_get('realpath_cache_ttl'), "\nfilecache ",
            rawurlencode((string) ini_get('opcache.file_cache')), "\nend 1\n";
        exit;

        """#
}
