<?php

namespace WHMCS\Authentication;

use WHMCS\Database\Capsule;

/** Who is signed in: WHMCS 8 and later. Only what the documents name and a module needs. */
class CurrentUser
{
    public function client(): ?object
    {
        return Capsule::table('tblclients')->where('id', $_SESSION['uid'] ?? 0)->first(['id']);
    }

    public function isAuthenticatedAdmin(): bool
    {
        return !empty($_SESSION['adminid']);
    }

    public function isMasqueradingAdmin(): bool
    {
        return $this->isAuthenticatedAdmin() && $this->client() !== null;
    }
}
