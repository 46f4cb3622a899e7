<?php

namespace Standin {
    /** What models tell of themselves: `eloquent.updated: App\Models\Service`. */
    class ModelEvents implements \Illuminate\Contracts\Events\Dispatcher
    {
        private array $listeners = [];

        public function listen($events, $listener = null)
        {
            $this->listeners[$events][] = $listener;
        }

        public function dispatch($event, $payload = [], $halt = false)
        {
            foreach ($this->listeners[$event] ?? [] as $do) {
                $do(is_array($payload) ? $payload[0] : $payload);
            }
            return null;
        }

        public function until($event, $payload = [])
        {
            return $this->dispatch($event, $payload, true);
        }

        public function hasListeners($eventName)
        {
            return isset($this->listeners[$eventName]);
        }

        public function subscribe($subscriber)
        {
        }

        public function push($event, $payload = [])
        {
        }

        public function flush($event)
        {
        }

        public function forget($event)
        {
        }

        public function forgetPushed()
        {
        }
    }
}

namespace Illuminate\Events {
    /** While models are saved quietly. */
    class NullDispatcher extends \Standin\ModelEvents
    {
        public function __construct(private readonly \Standin\ModelEvents $real)
        {
        }

        public function listen($events, $listener = null)
        {
            $this->real->listen($events, $listener);
        }
    }
}
