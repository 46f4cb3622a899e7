<?php

declare(strict_types=1);

class Model_InvoiceItem extends RedBeanPHP\OODBBean
{
    public const TYPE_ORDER = 'order';
    public const TYPE_DEPOSIT = 'deposit';
    public const TYPE_CUSTOM = 'custom';
    public const TYPE_HOOK_CALL = 'hook_call';
    public const TASK_VOID = 'void';
    public const TASK_ACTIVATE = 'activate';
    public const TASK_RENEW = 'renew';
    public const STATUS_PENDING_PAYMENT = 'pending_payment';
    public const STATUS_PENDING_SETUP = 'pending_setup';
    public const STATUS_EXECUTED = 'executed';
}
