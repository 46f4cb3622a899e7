<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** The system cron. Every run ends with AfterCronJob; only the daily one does the billing's work, one service after another. */
final class Cron
{
    public static function run(bool $daily = false): array
    {
        set_time_limit(0);
        $started = microtime(true);
        Hooks::run('PreCronJob', []);
        $report = ['daily' => $daily];
        if ($daily) {
            // A service that is long overdue and still active is suspended and then terminated in one run.
            $report += self::each('suspended', 'SuspendAccount', ['Active'], (int) Settings::get('AutoSuspensionDays'));
            $report += self::each('terminated', 'TerminateAccount', ['Active', 'Suspended'], (int) Settings::get('AutoTerminationDays'));
            $report += Usage::collect();
            Hooks::run('DailyCronJob', []);
        }
        Hooks::run('AfterCronJob', []);
        $report['seconds'] = round(microtime(true) - $started, 3);
        Capsule::table('standin_crons')->insert([
            'at' => Database::now(), 'daily' => (int) $daily, 'seconds' => $report['seconds'], 'report' => json_encode($report),
        ]);
        return $report;
    }

    /** @param list<string> $statuses */
    private static function each(string $done, string $function, array $statuses, int $days): array
    {
        $limit = (new \DateTimeImmutable(Settings::today()))->modify("-$days days")->format('Y-m-d');
        $due = Capsule::table('tblhosting')->whereIn('domainstatus', $statuses)->where('nextduedate', '<=', $limit)
            ->whereExists(static fn ($query) => $query->from('tblinvoiceitems')
                ->join('tblinvoices', 'tblinvoices.id', '=', 'tblinvoiceitems.invoiceid')
                ->whereColumn('tblinvoiceitems.relid', 'tblhosting.id')->where('tblinvoices.status', 'Unpaid'))
            ->orderBy('id')->get();
        $report = [$done => 0, "not_$done" => 0];
        foreach ($due as $row) {
            if ($done === 'suspended' && $row->overideautosuspend === 'on' && $row->overidesuspenduntil > Settings::today()) {
                continue;
            }
            $more = $done === 'suspended' ? ['suspendreason' => 'Overdue on Payment'] : [];
            $answer = Lifecycle::run($row->id, $function, 'automated', $more);
            $report[$answer === Lifecycle::SUCCESS ? $done : "not_$done"]++;
        }
        return $report;
    }
}
