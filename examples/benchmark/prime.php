<?php
// SPDX-License-Identifier: Apache-2.0
// Fills both caches: every script that lies beside this one, and 10,000 entries.
foreach (glob(__DIR__ . '/site/*.php') as $script) {
    opcache_compile_file($script);
}
for ($entry = 0; $entry < 10000; $entry++) {
    apcu_store("entry$entry", str_repeat('v', 100));
}
$scripts = opcache_get_status(false)['opcache_statistics']['num_cached_scripts'];
$entries = apcu_cache_info(true)['num_entries'];
echo $scripts >= 500 && $entries >= 10000 ? 'PRIMED' : "$scripts scripts, $entries entries";
