<?php

namespace WHMCS\UsageBilling\Contracts\Metrics;

interface ProviderInterface
{
    /** The metrics, without usage, for any server and for none. */
    public function metrics();

    /** Tenant => metrics with usage, of a whole server. */
    public function usage();

    /** Metrics with usage of one tenant. */
    public function tenantUsage($tenant);
}
