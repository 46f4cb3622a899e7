<?php

declare(strict_types=1);

namespace Box\Mod\Client;

class Service
{
    public function toApiArray(object $client, bool $deep = false): array
    {
        return ['id' => $client->id, 'first_name' => $client->first_name];
    }
}
