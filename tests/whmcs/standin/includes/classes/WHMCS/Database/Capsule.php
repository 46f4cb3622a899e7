<?php

namespace WHMCS\Database;

use Illuminate\Database\Capsule\Manager;

class Capsule extends Manager
{
}
