<?php

/**
 * The global functions that WHMCS documents for modules and hooks.
 */

use Standin\Activity;
use Standin\Hooks;
use Standin\LocalApi;
use Standin\ModuleLog;
use Standin\Sealing;

function localAPI($command, $values = [], $adminUser = null)
{
    return LocalApi::call((string) $command, (array) $values, $adminUser);
}

function logModuleCall($module, $action, $requestString, $responseData, $processedData = '', $replaceVars = [])
{
    ModuleLog::add($module, $action, $requestString, $responseData, $processedData, $replaceVars);
}

function logActivity($text, $userId = 0)
{
    Activity::add((string) $text, (int) $userId);
}

function add_hook($hookPoint, $priority, $function)
{
    Hooks::add((string) $hookPoint, (int) $priority, $function);
}

function run_hook($hookPoint, $vars)
{
    return Hooks::run((string) $hookPoint, (array) $vars);
}

function encrypt($string)
{
    return Sealing::seal((string) $string);
}

function decrypt($string)
{
    return Sealing::open((string) $string);
}
