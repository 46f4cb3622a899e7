<?php

declare(strict_types=1);

namespace Standin;

/** One file for each channel. A message with values is a format, as for sprintf. */
final class Logger
{
    private string $channel = 'application';

    public function setChannel(string $channel): self
    {
        $this->channel = $channel;
        return $this;
    }

    public function __call(string $level, array $values): void
    {
        $message = array_shift($values);
        $values = array_filter($values, 'is_scalar');
        $text = $values === [] ? $message : vsprintf($message, array_values($values));
        $line = date('c') . " $level: $text\n";
        file_put_contents(STORAGE . "/$this->channel.log", $line, FILE_APPEND | LOCK_EX);
    }

    public function addWriter(mixed $writer): self
    {
        return $this;
    }

    public function setEventItem(string $name, mixed $value): void
    {
    }
}
