<?php

namespace Box\Mod\Serviceenombridge\Api;

use Box\Mod\Serviceenombridge\Bridge\Lifecycle;
use Box\Mod\Serviceenombridge\Bridge\Mailbox;
use Box\Mod\Serviceenombridge\Bridge\Order;
use EnomBridge\Kit\Fault;
use FOSSBilling\InformationException;

/** What a customer does with a mailbox of their own. */
class Client extends \FOSSBilling\Api\AbstractApi
{
    /** Sets a new password; what to tell the customer. */
    public function change_password($data): string
    {
        $given = $data['password'] ?? '';
        $password = is_string($given) ? $given : '';
        return Lifecycle::changePassword($this->own($data)->id, $password);
    }

    /** A link that signs in to webmail. */
    public function sign_in($data): string
    {
        try {
            return Mailbox::of($this->own($data)->id)->webmail();
        } catch (Fault $fault) {
            throw new InformationException($fault->getMessage());
        }
    }

    private function own(array $data): Order
    {
        $order = Order::find((int) ($data['order_id'] ?? 0));
        if ($order === null || $order->client !== (int) $this->getIdentity()->id) {
            throw new InformationException('Order not found');
        }
        return $order->exactly === Order::ACTIVE
            ? $order
            : throw new InformationException('Order is not active');
    }
}
