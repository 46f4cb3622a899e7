<?php

return [
    'lifted' => 'The shop gives it back.',
];
