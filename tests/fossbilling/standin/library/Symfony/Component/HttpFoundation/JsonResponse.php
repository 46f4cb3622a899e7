<?php

declare(strict_types=1);

namespace Symfony\Component\HttpFoundation;

final class JsonResponse
{
    public function __construct(
        private readonly mixed $data,
        private readonly int $status = 200,
        private readonly array $headers = [],
    ) {
    }

    public function send(): void
    {
        http_response_code($this->status);
        header('Content-Type: application/json');
        foreach ($this->headers as $name => $value) {
            header("$name: $value");
        }
        echo json_encode($this->data);
    }
}
