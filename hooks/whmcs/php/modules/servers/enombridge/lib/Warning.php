<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\NearlyFull;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;

/** The mail to a customer whose mailbox is nearly full, once for each event. */
final class Warning
{
    private const KEPT = 2592000; // seconds; the bridge repeats an event for three days

    public static function give(Hosting $hosting, NearlyFull $event): void
    {
        if ($hosting->status !== 'Active' || !$hosting->has($event->address)) {
            return;
        }
        Store::prepare();
        $events = Capsule::table(Store::EVENTS);
        if ($events->insertOrIgnore(['event' => $event->id, 'since' => time()]) === 0) {
            return;
        }
        $why = self::send($hosting, $event);
        if ($why !== null) {
            Capsule::table(Store::EVENTS)->where('event', $event->id)->delete();
            throw new Fault(Text::of('mail_failed', ['why' => Text::plain($why)]));
        }
        Capsule::table(Store::EVENTS)->where('since', '<', time() - self::KEPT)->delete();
        $values = ['address' => $event->address, 'percent' => $event->percent];
        Log::activity(Text::of('mail_sent', $values), $hosting->id, $hosting->client);
    }

    /** Null: WHMCS has sent it. */
    private static function send(Hosting $hosting, NearlyFull $event): ?string
    {
        $language = Language::ofMail($hosting->client);
        $values = [
            'address' => $event->address, 'percent' => $event->percent, 'link' => self::link($hosting),
            'used' => Size::told($event->used, $language), 'quota' => Size::told($event->quota, $language),
        ];
        $paragraphs = explode("\n\n", htmlspecialchars(Text::of('mail_full', $values, $language), ENT_QUOTES));
        return Command::failure((array) localAPI('SendEmail', [
            'id' => $hosting->id,
            'customtype' => 'product',
            'customsubject' => Text::of('mail_full_subject', $values, $language),
            'custommessage' => '<p>' . implode('</p><p>', $paragraphs) . '</p>',
        ]));
    }

    /** To where more space is ordered; without a larger product, to the page of the service. */
    private static function link(Hosting $hosting): string
    {
        $found = (array) localAPI('GetConfigurationValue', ['setting' => 'SystemURL']);
        $root = rtrim((string) ($found['value'] ?? ''), '/');
        $type = $hosting->upgrades();
        return $type === '' ? "$root/clientarea.php?action=productdetails&id=$hosting->id" : "$root/upgrade.php?type=$type&id=$hosting->id";
    }
}
