<?php
// What the demo asks each server's PHP: fill the caches, or say what is in them.
if (($_GET['do'] ?? '') === 'warm') {
    apcu_store('greeting', 'hello');
}
$status = opcache_get_status(true);
$here = isset($status['scripts'][__FILE__]) ? 'cached' : 'new';
$entry = apcu_exists('greeting') ? 'kept' : 'gone';
echo "\nscript=$here restarts={$status['opcache_statistics']['manual_restarts']} entry=$entry\n";
