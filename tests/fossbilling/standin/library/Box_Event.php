<?php

declare(strict_types=1);

final class Box_Event
{
    private ?Pimple\Container $di = null;
    private mixed $value = null;

    public function __construct(
        private readonly mixed $subject,
        private readonly string $name,
        private readonly mixed $parameters,
    ) {
    }

    public function setDi(Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function getDi(): ?Pimple\Container
    {
        return $this->di;
    }

    public function getName(): string
    {
        return $this->name;
    }

    public function getSubject(): mixed
    {
        return $this->subject;
    }

    public function getParameters(): mixed
    {
        return $this->parameters;
    }

    public function setReturnValue(mixed $value): void
    {
        $this->value = $value;
    }

    public function getReturnValue(): mixed
    {
        return $this->value;
    }
}
