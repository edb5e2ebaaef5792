<?php
// SPDX-License-Identifier: Apache-2.0
// Empties both caches; the floor's side of the comparison.
echo opcache_reset() && apcu_clear_cache() ? 'CLEARED' : 'NOT CLEARED';
