<?php

declare(strict_types=1);

namespace Box\Mod\Email;

class Service
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    /** A module's template is a file of its folder. */
    public function sendTemplate(array $data): bool
    {
        [, $module] = explode('_', $data['code']);
        $file = ROOT . '/modules/' . ucfirst($module) . "/templates/email/{$data['code']}.html.twig";
        if (!is_file($file)) {
            throw new \FOSSBilling\Exception("There is no template {$data['code']}");
        }
        $recipient = empty($data['to_staff']) ? 'client' : 'staff';
        $this->di['db']->exec(
            'INSERT INTO standin_mail (code, recipient, order_id, vars) VALUES (?, ?, ?, ?)',
            [$data['code'], $recipient, $data['order']['id'], (string) json_encode($data)],
        );
        return true;
    }
}
