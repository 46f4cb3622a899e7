<?php

namespace EnomBridge\Kit;

/**
 * Who made the platform ask for something: staff by hand, the client, or the platform by itself.
 */
enum Asked: string
{
    case Admin = 'admin';
    case Client = 'client';
    case Cron = 'cron';
}
