<?php

namespace WHMCS\Service;

use Illuminate\Database\Eloquent\Model;

/**
 * `$params['model']` of a service. Also read through its documented magic attribute `serviceProperties`.
 *
 * The stand-in knows no more of the real model than the documents show.
 *
 * @property-read Properties $serviceProperties
 */
class Service extends Model
{
    public const STATUS_PENDING = Status::PENDING;
    public const STATUS_ACTIVE = Status::ACTIVE;
    public const STATUS_SUSPENDED = Status::SUSPENDED;

    protected $table = 'tblhosting';
    protected $hidden = ['password'];
    protected $guarded = ['id'];

    public function getServicePropertiesAttribute(): Properties
    {
        return new Properties($this);
    }

    public function getStatusAttribute(): string
    {
        return $this->attributes['domainstatus'];
    }
}
