<?php

declare(strict_types=1);

class Model_Admin extends RedBeanPHP\OODBBean
{
}
