<?php

declare(strict_types=1);

class Model_Invoice extends RedBeanPHP\OODBBean
{
}
