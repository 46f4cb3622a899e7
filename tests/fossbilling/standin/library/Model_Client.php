<?php

declare(strict_types=1);

class Model_Client extends RedBeanPHP\OODBBean
{
}
