<?php

namespace Box\Mod\Serviceenombridge\Controller;

require_once dirname(__DIR__) . '/Bridge/autoload.php';

use Box\Mod\Serviceenombridge\Bridge\Fossbilling;
use EnomBridge\Kit\Callback;
use FOSSBilling\InjectionAwareInterface;
use Symfony\Component\HttpFoundation\JsonResponse;

/**
 * The bridge posts to /serviceenombridge/callback/NUMBER when a job has ended; the kit checks the
 * signature.
 */
class Client implements InjectionAwareInterface
{
    private const MOST = 65537; // bytes; the kit refuses what is longer than one less

    protected ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
        Fossbilling::use($di);
    }

    public function getDi(): ?\Pimple\Container
    {
        return $this->di;
    }

    public function register(\Box_App &$app): void
    {
        $path = '/serviceenombridge/callback/:server';
        $app->post($path, 'post_callback', ['server' => '[0-9]{1,9}'], static::class);
    }

    public function post_callback(\Box_App $app, $server): JsonResponse
    {
        if (!$this->di['mod_service']('extension')->isExtensionActive('mod', 'serviceenombridge')) {
            return new JsonResponse(['message' => 'The module is not active.'], 503);
        }
        $request = $app->getRequest();
        $body = substr((string) $request->getContent(), 0, self::MOST);
        $query = ['server' => (string) $server];
        [$status, $headers, $said] = Callback::answer($request->server->all(), $query, $body);
        return new JsonResponse(['message' => $said], $status, $headers);
    }
}
