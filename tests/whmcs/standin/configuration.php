<?php

// As in WHMCS: plain variables. The environment may move the data elsewhere.
$data_folder = getenv('STANDIN_DATA') ?: __DIR__ . '/storage';
$cc_encryption_hash = 'a-hash-of-this-stand-in-only';
