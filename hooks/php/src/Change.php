<?php

namespace EnomBridge\Kit;

/**
 * What can have changed in billing since a hook was asked for. Of several the first here that
 * matters decides.
 */
enum Change: string
{
    case Status = 'status'; // the service has become something that neither was so before nor follows from the hook
    case Reason = 'reason'; // it is suspended for a reason of staff's now
    case Paid = 'paid'; // its due date lies later, or is gone, or an invoice of then is no longer owed
    case Protected = 'protected'; // staff does not let automation suspend it any more
    case Unpaid = 'unpaid'; // its due date lies earlier
    case Product = 'product'; // it has another product
    case Terms = 'terms'; // client, price, cycle, a cancellation, or one of the settings above in another way
    case Doubt = 'doubt'; // what led to it was not kept: a hook of an older version of the plug-in

    /** What staff reads of it. */
    public function told(Service $service): string
    {
        return Text::of("change_$this->value", ['status' => $service->status]);
    }
}
