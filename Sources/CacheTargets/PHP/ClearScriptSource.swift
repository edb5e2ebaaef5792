// SPDX-License-Identifier: Apache-2.0

/// The PHP program which runs inside PHP-FPM, because only a child of the master which owns the
/// caches can clear them.
///
/// The reply is lines of `key value`: `ClearReply` reads them. A caller without the token learns
/// nothing but an empty 404.
enum ClearScriptSource {
    /// The source, which accepts the token with this SHA-256.
    static func text(tokenFingerprint: String) -> String {
        opening.replacing("@FINGERPRINT@", with: tokenFingerprint) + opcode + user + closing
    }

    private static let opening = #"""
        <?php
        // Part of sitestacker: clears the caches of this PHP-FPM master when the daemon asks.
        // It answers only to a FastCGI parameter which no web server passes on from a visitor.
        declare(strict_types=1);
        (static function (): void {
            while (ob_get_level() > 0 && ob_end_clean());
            $token = $_SERVER['SITESTACKER_TOKEN'] ?? '';
            if (!is_string($token) || !hash_equals('@FINGERPRINT@', hash('sha256', $token))) {
                http_response_code(404);
                exit;
            }
            header('Content-Type: text/plain');
            header('Cache-Control: no-store');
            $lines = [];
            $say = static function (string $key, string|int|array $value) use (&$lines): void {
                $text = is_array($value) ? implode(' ', array_map('intval', $value)) : (string) $value;
                $lines[] = $key . ' ' . (is_array($value) ? $text : rawurlencode(substr($text, 0, 300)));
            };
            $body = file_get_contents('php://input');
            $items = $body === '' ? [] : explode("\0", substr($body, 0, -1));
            if (count($items) !== (int) $_SERVER['SITESTACKER_ITEMS']) {
                throw new RuntimeException('request body cut (post_max_size?)');
            }
            $files = array_splice($items, 0, (int) $_SERVER['SITESTACKER_FILES']);
            $parent = 0;
            if (function_exists('posix_getppid')) {
                $parent = posix_getppid();
            } elseif (preg_match('/^PPid:\s*(\d+)/m', (string) @file_get_contents('/proc/self/status'), $m)) {
                $parent = (int) $m[1];
            }
            $began = (int) $_SERVER['REQUEST_TIME'];
            $say('php', PHP_VERSION);
            $say('process', [$parent, getmypid()]);
            $say('namespace', (string) @readlink('/proc/self/ns/pid'));
            $say('realpath', [realpath_cache_size(), (int) ini_get('realpath_cache_ttl')]);

        """#

    private static let opcode = #"""
            $opcode = static function (): array|string {
                if (!function_exists('opcache_get_status') || !function_exists('opcache_reset')
                    || !function_exists('opcache_invalidate')) {
                    return 'missing';
                }
                $only = (string) ini_get('opcache.restrict_api');
                $script = (string) $_SERVER['SCRIPT_FILENAME'];
                if ($only !== '' && strncmp($script, $only, strlen($only)) !== 0) {
                    return 'restricted';
                }
                $status = @opcache_get_status(false);
                if (!is_array($status) || !ini_get('opcache.enable')) {
                    return 'disabled';
                }
                if (!isset($status['opcache_statistics'])) {
                    return 'file-only';
                }
                $s = $status['opcache_statistics'];
                return [
                    $s['num_cached_scripts'], $s['start_time'], $s['last_restart_time'],
                    $s['manual_restarts'], $s['oom_restarts'] + $s['hash_restarts'],
                    $status['restart_pending'] || $status['restart_in_progress'],
                    $s['hits'], $s['misses'],
                ];
            };
            $before = $opcode();
            $say('opcode.state', is_string($before) ? $before : 'active');
            if (is_array($before)) {
                $say('opcode.before', $before);
                $say('opcode.filecache', (string) ini_get('opcache.file_cache'));
                $done = $cached = $failed = 0;
                if ($_SERVER['SITESTACKER_OPCODE'] === 'all') {
                    // While an earlier reset waits it says no, and that one will do.
                    $isAccepted = opcache_reset();
                    $now = $opcode();
                    $isAccepted || (is_array($now) && $now[5]) ? $done++ : $failed++;
                } elseif ($_SERVER['SITESTACKER_OPCODE'] === 'files') {
                    foreach ($files as $file) {
                        $cached += (int) opcache_is_script_cached($file);
                        // It also says no to a file which is neither on disk nor in the cache.
                        $isGone = opcache_invalidate($file, true) || !opcache_is_script_cached($file);
                        $isGone ? $done++ : $failed++;
                    }
                }
                $say('opcode.result', [$done, $cached, $failed]);
                $after = $opcode();
                $say('opcode.after', is_array($after) ? $after : $before);
            }

        """#

    private static let user = #"""
            $user = static function (): array|string {
                if (!function_exists('apcu_enabled') || !function_exists('apcu_clear_cache')) {
                    return 'missing';
                }
                $info = apcu_enabled() ? @apcu_cache_info(true) : false;
                if (!is_array($info)) {
                    return 'disabled';
                }
                return [
                    $info['num_entries'], $info['start_time'], $info['num_hits'],
                    $info['num_misses'], $info['num_inserts'], $info['mem_size'],
                ];
            };
            $before = $user();
            $say('user.state', is_string($before) ? $before : 'active');
            if (is_array($before)) {
                $say('user.before', $before);
                $removed = $survivors = 0;
                $what = $_SERVER['SITESTACKER_USER'];
                if ($what === 'all') {
                    // An entry which must vanish: start_time and counters differ between versions.
                    $proof = 'sitestacker:' . bin2hex(random_bytes(16));
                    $isStored = apcu_store($proof, 1, 60);
                    apcu_clear_cache();
                    $left = $user();
                    $isEmptier = is_array($left) && ($left[0] === 0 || $left[0] < $before[0]);
                    $survivors = (int) ($isStored ? apcu_exists($proof) : !$isEmptier);
                    $removed = $before[0];
                } elseif ($what === 'keys') {
                    $removed = count($items) - count(apcu_delete($items));
                    foreach ($items as $key) {
                        $left = apcu_key_info($key);
                        $survivors += (int) ($left !== null && $left['creation_time'] < $began);
                    }
                } elseif ($what === 'prefix' || $what === 'pattern') {
                    $rule = $what === 'prefix' ? '^' . preg_quote($items[0]) : $items[0];
                    $rule = "\1" . $rule . "\1";
                    if (@preg_match($rule, '') === false) {
                        throw new InvalidArgumentException('pattern: ' . preg_last_error_msg());
                    }
                    $matching = new APCUIterator($rule, APC_ITER_CTIME);
                    $removed = $matching->getTotalCount();
                    apcu_delete($matching);
                    foreach (new APCUIterator($rule, APC_ITER_CTIME) as $left) {
                        $survivors += (int) ($left['creation_time'] < $began);
                    }
                }
                $say('user.result', [$removed, $survivors]);
                $after = $user();
                $say('user.after', is_array($after) ? $after : $before);
            }

        """#

    private static let closing = #"""
            echo "sitestacker-clear 1\n", implode("\n", $lines), "\nend 1\n";
            exit;
        })();

        """#
}
