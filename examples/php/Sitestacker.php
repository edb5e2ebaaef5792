<?php
// SPDX-License-Identifier: Apache-2.0
declare(strict_types=1);

/**
 * Tells the sitestacker daemon of this server what the application changed.
 *
 * Law: no method throws, prints, or takes longer than the budget, whatever the daemon does; a page
 * never fails because of it. What went wrong is in lastError(), and once a request in error_log.
 *
 * PHP 7.4 to 8.4, no extensions, no other files.
 */
final class Sitestacker
{
    /** Where the daemon listens for the application: `app: {socket: ...}` in sitestacker.yml. */
    public const SOCKET = '/run/sitestacker/site.sock';

    /** The longest answer that is read. Unit: bytes. */
    private const ANSWER_LIMIT = 65536;

    /** The caches' names in a request, and whether each is a list. */
    private const FIELDS = [
        'opcodeCache' => false, 'userCache' => false, 'everything' => false,
        'paths' => true, 'keys' => true, 'keyPrefixes' => true, 'keyPatterns' => true,
        'urls' => true, 'tags' => true, 'elsewhere' => false,
    ];

    /** Whether this request has complained already: a log full of one line hides the others. */
    private static bool $hasComplained = false;

    private string $socket;
    /** Unit: nanoseconds. */
    private int $budget;
    private int $deadline = 0;
    private ?string $lastError = null;
    /** @var array{outcome: string, longestWait: int, waits: int} */
    private array $account = ['outcome' => 'none', 'longestWait' => 0, 'waits' => 0];

    /**
     * @param int $milliseconds the budget of one call, from connecting to the answer
     */
    public function __construct(string $socket = self::SOCKET, int $milliseconds = 50)
    {
        $this->socket = $socket;
        $this->budget = max(1, min($milliseconds, 10000)) * 1000000;
    }

    /**
     * Has caches cleared on every server; without arguments opcode and user cache, whole.
     *
     * Known names: opcodeCache, userCache, everything (true); paths, keys, keyPrefixes,
     * keyPatterns, urls, tags (a string or a list of strings); elsewhere (true: also where only
     * other servers have a cache for it).
     *
     * @param array<string, bool|string|list<string>> $what
     * @return string|null the event's ID once it is on this server's disk: every server clears, also
     *     one that is away now; null where the daemon is not known to have taken it
     */
    public function invalidate(array $what = []): ?string
    {
        return $this->guarded(function () use ($what): ?string {
            $document = ['wait' => false, 'confirm' => 'local'];
            foreach ($what as $name => $value) {
                if (!isset(self::FIELDS[$name])) {
                    return $this->failed('refused', "there is no cache named $name");
                }
                $document[$name] = self::FIELDS[$name]
                    ? array_values(array_map('strval', (array) $value)) : (bool) $value;
            }
            if ($what === []) {
                $document += ['opcodeCache' => true, 'userCache' => true];
            }
            return $this->ask('/v1/invalidate', $document);
        });
    }

    /**
     * Publishes an application event to every server.
     *
     * @param mixed $data a string as it is, null for nothing, anything else as JSON
     * @param string $confirm on whose disk it must be: local, one (other server), all; the event is
     *     kept and arrives also where that is not reached within the budget
     * @return string|null the event's ID; null where the daemon is not known to have taken it
     */
    public function publish(string $topic, $data = null, string $confirm = 'local'): ?string
    {
        return $this->guarded(function () use ($topic, $data, $confirm): ?string {
            $document = ['topic' => $topic, 'confirm' => $confirm];
            // The daemon answers before we stop listening.
            $document['timeoutMilliseconds'] = max(1, intdiv($this->budget, 1250000));
            if ($data !== null) {
                $text = is_string($data) ? $data : $this->json($data);
                if ($text === null) {
                    return $this->failed('refused', 'the data cannot be written as JSON');
                }
                if (preg_match('//u', $text) === 1) {
                    $document['payload'] = $text;
                } else {
                    $document['payloadBase64'] = base64_encode($text);
                }
            }
            return $this->ask('/v1/publish', $document);
        });
    }

    /** Why the last call returned null; null where it did not. */
    public function lastError(): ?string
    {
        return $this->lastError;
    }

    /**
     * What the last call did with its time.
     *
     * @return array{outcome: string, longestWait: int, waits: int} how it ended (answered, refused,
     *     unreachable, deadline, garbage, error), the longest it was ready to wait for one thing, in
     *     microseconds, and how often it waited
     */
    public function account(): array
    {
        return $this->account;
    }

    /** Runs a call so that nothing of it gets out: neither exceptions nor warnings. */
    private function guarded(callable $call): ?string
    {
        $this->deadline = hrtime(true) + $this->budget;
        $this->lastError = null;
        $this->account = ['outcome' => 'none', 'longestWait' => 0, 'waits' => 0];
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $call();
        } catch (\Throwable $error) {
            return $this->failed('error', $error->getMessage());
        } finally {
            restore_error_handler();
        }
    }

    /** @return null */
    private function failed(string $outcome, string $why)
    {
        $this->account['outcome'] = $outcome;
        $this->lastError = $why;
        if (!self::$hasComplained) {
            self::$hasComplained = true;
            // What comes from outside may hold line ends.
            $line = preg_replace('/[\x00-\x1f\x7f]+/', ' ', substr($why, 0, 500));
            error_log("sitestacker: $this->socket: $line");
        }
        return null;
    }

    /** @param mixed $value */
    private function json($value): ?string
    {
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION;
        $text = json_encode($value, $flags, 16);
        return $text === false ? null : $text;
    }

    /** @param array<string, mixed> $document */
    private function ask(string $path, array $document): ?string
    {
        $body = $this->json($document);
        if ($body === null) {
            return $this->failed('refused', 'expected text in UTF-8');
        }
        $stream = stream_socket_client(
            'unix://' . $this->socket, $code, $message, $this->remaining() / 1e9,
            STREAM_CLIENT_CONNECT | STREAM_CLIENT_ASYNC_CONNECT
        );
        if ($stream === false) {
            return $this->failed('unreachable', "cannot connect: $message");
        }
        try {
            stream_set_blocking($stream, false);
            stream_set_read_buffer($stream, 0);
            $request = "POST $path HTTP/1.1\r\nHost: localhost\r\n"
                . "Content-Type: application/json\r\nContent-Length: " . strlen($body)
                . "\r\nConnection: close\r\n\r\n$body";
            // A daemon that refuses answers before it has read everything: so we read in any case.
            $isSent = $this->send($stream, $request);
            $answer = $this->receive($stream);
        } finally {
            fclose($stream);
        }
        if ($answer === null) {
            return $this->failed(
                'deadline', 'no answer within ' . intdiv($this->budget, 1000000) . ' ms'
            );
        }
        if ($answer === '' && !$isSent) {
            return $this->failed('unreachable', 'the daemon closed the connection');
        }
        return $this->read($answer);
    }

    /** What is left of the budget. Unit: nanoseconds. */
    private function remaining(): int
    {
        return max(0, $this->deadline - hrtime(true));
    }

    /**
     * Waits until the stream can be written or read; false at the deadline.
     *
     * @param resource $stream
     */
    private function await($stream, bool $isWriting): bool
    {
        while (($left = intdiv($this->remaining(), 1000)) > 0) {
            $this->account['waits'] += 1;
            $this->account['longestWait'] = max($this->account['longestWait'], $left);
            $reading = $isWriting ? [] : [$stream];
            $writing = $isWriting ? [$stream] : [];
            $failing = [];
            $count = stream_select(
                $reading, $writing, $failing, intdiv($left, 1000000), $left % 1000000
            );
            if ($count === 1) {
                return true;
            }
            // False: a signal came; the deadline decides.
        }
        return false;
    }

    /** @param resource $stream */
    private function send($stream, string $bytes): bool
    {
        while ($bytes !== '') {
            if (!$this->await($stream, true)) {
                return false;
            }
            $count = fwrite($stream, $bytes);
            if ($count === false || $count === 0) {
                return false;
            }
            $bytes = (string) substr($bytes, $count);
        }
        return true;
    }

    /**
     * Everything up to the end of the answer; null where that did not come in time.
     *
     * @param resource $stream
     */
    private function receive($stream): ?string
    {
        $answer = '';
        while (strlen($answer) < self::ANSWER_LIMIT) {
            if (!$this->await($stream, false)) {
                return null;
            }
            $bytes = fread($stream, 8192);
            if ($bytes === false || $bytes === '') {
                if ($bytes === false || feof($stream)) {
                    break;
                }
                continue;
            }
            $answer .= $bytes;
            if ($this->isWhole($answer)) {
                break;
            }
        }
        return $answer;
    }

    private function isWhole(string $answer): bool
    {
        $end = strpos($answer, "\r\n\r\n");
        if ($end === false) {
            return false;
        }
        $head = strtolower(substr($answer, 0, $end));
        if (preg_match('/\r\ncontent-length: *(\d{1,9})(\r\n|$)/', $head, $match) === 1) {
            return strlen($answer) - $end - 4 >= (int) $match[1];
        }
        return substr($answer, -5) === "0\r\n\r\n";
    }

    /** The ID that an answer gives. */
    private function read(string $answer): ?string
    {
        $parts = explode("\r\n\r\n", $answer, 2);
        if (count($parts) < 2 || preg_match('/^HTTP\/1\.1 (\d{3})\b/', $parts[0], $match) !== 1) {
            return $this->failed('garbage', 'expected an answer of HTTP, found something else');
        }
        // Chunk sizes stand on lines of their own, as documents do: no document is a number.
        foreach (preg_split('/\r?\n/', $parts[1]) ?: [] as $line) {
            $document = $line !== '' && $line[0] === '{' ? json_decode($line, true, 16) : null;
            if (!is_array($document)) {
                continue;
            }
            if ($match[1] !== '200') {
                $message = $document['message'] ?? "status $match[1]";
                return $this->failed('refused', is_string($message) ? $message : 'refused');
            }
            if (isset($document['id']) && is_string($document['id'])) {
                $this->account['outcome'] = 'answered';
                return $document['id'];
            }
        }
        return $this->failed('garbage', "status $match[1] without a document");
    }
}
