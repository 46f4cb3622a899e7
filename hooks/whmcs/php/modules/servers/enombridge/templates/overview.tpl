{* The customer's page of a service. WHMCS does not escape by itself; without JavaScript everything works. *}
<link rel="stylesheet" href="{$WEB_ROOT|default:''|escape}/modules/servers/enombridge/assets/page.css?{$version|escape}">
<div class="enombridge" id="enombridge" data-busy="{if $busy}1{/if}" data-copy="{$text.copy|escape}" data-copied="{$text.copied|escape}">
    <div role="status">
    {foreach $messages as $message}
        <p class="eb-message eb-{$message.kind|escape}">{$message.text|escape}</p>
    {/foreach}
    </div>
    <h3>{$text.your_mailbox|escape}</h3>
    {foreach $mailboxes as $mailbox}
        <section class="eb-card" aria-label="{$mailbox.address|escape}">
            <dl class="eb-facts">
                <dt>{$text.address|escape}</dt>
                <dd>{$mailbox.address|escape}</dd>
                <dt>{$text.status|escape}</dt>
                <dd>{if $mailbox.state eq 'active'}{$text.client_active|escape}{elseif $mailbox.state eq 'suspended'}{$text.client_suspended|escape}{elseif $mailbox.state eq 'progress'}{$text.client_progress|escape}{else}{$text.client_none|escape}{/if}</dd>
                {if $mailbox.usage}
                    <dt>{$text.space|escape}</dt>
                    <dd><meter class="eb-meter" min="0" max="100" high="85" optimum="0" value="{$mailbox.usage.percent|escape}" aria-label="{$text.space|escape}"></meter>
                    <span>{$mailbox.usage.text|escape}</span>
                    {if $mailbox.usage.full}<span class="eb-strong">{$mailbox.usage.full|escape}</span>{/if}
                    {if $mailbox.usage.more}<a href="upgrade.php?type={$mailbox.usage.more|escape}&amp;id={$serviceId|escape}">{$text.more_space|escape}</a>{/if}</dd>
                {/if}
            </dl>
            {foreach $mailbox.doing as $doing}
                <p class="eb-message eb-info">{$doing|escape} <a href="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">{$text.reload|escape}</a></p>
            {/foreach}
            {if $signIn}
                <p><a class="btn btn-primary eb-button" href="clientarea.php?action=productdetails&amp;id={$serviceId|escape}&amp;dosinglesignon=1">{$text.open_webmail|escape}</a>
                {if $webmail}<a href="{$webmail|escape}">{$webmail|escape}</a>{/if}</p>
            {/if}
            {if $mayChange}
                <details class="eb-details">
                    <summary>{$text.password_change|escape}</summary>
                    <form method="post" action="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">
                        <input type="hidden" name="token" value="{$token|default:''|escape}">
                        <input type="hidden" name="enombridge[proof]" value="{$proof|escape}">
                        <input type="hidden" name="enombridge[do]" value="password">
                        <input type="hidden" name="enombridge[mailbox]" value="{$mailbox.address|escape}">
                        <p><label for="eb-password-{$mailbox@index}">{$text.password_new|escape}</label>
                        <input class="form-control" type="password" id="eb-password-{$mailbox@index}" name="enombridge[password]" autocomplete="new-password" required aria-describedby="eb-rule-{$mailbox@index}">
                        <span class="eb-hint" id="eb-rule-{$mailbox@index}">{$text.password_rule|escape}</span></p>
                        <p><label for="eb-again-{$mailbox@index}">{$text.password_again|escape}</label>
                        <input class="form-control" type="password" id="eb-again-{$mailbox@index}" name="enombridge[again]" autocomplete="new-password" required></p>
                        <p><button class="btn btn-primary eb-button" type="submit">{$text.password_save|escape}</button></p>
                    </form>
                </details>
            {/if}
        </section>
    {/foreach}
    {if $dns}
        <h3>{$text.dns|escape}</h3>
        <p class="eb-way eb-{$dns.receives.state|escape}">{$dns.receives.text|escape}</p>
        <p class="eb-way eb-{$dns.sends.state|escape}">{$dns.sends.text|escape}</p>
        <ul class="eb-tiles">
        {foreach $dns.tiles as $tile}
            <li class="eb-card eb-tile eb-{$tile.state|escape}">
                <h4>{$tile.title|escape} <span class="eb-state">{$tile.label|escape}</span></h4>
                <p>{$tile.text|escape}</p>
                {if $tile.provider}<p>{$tile.provider|escape}</p>{/if}
                {foreach $tile.records as $record}
                    <p>{$record.do|escape}</p>
                    <dl class="eb-record">
                        <dt>{$text.dns_type|escape}</dt><dd>{$record.type|escape}</dd>
                        <dt>{$text.dns_name|escape}</dt><dd><code>{$record.name|escape}</code></dd>
                        {if $record.value}<dt>{$text.dns_value|escape}</dt><dd><code class="eb-copy">{$record.value|escape}</code></dd>{/if}
                        {if $record.found}<dt>{$text.dns_found|escape}</dt><dd><code>{$record.found|escape}</code></dd>{/if}
                    </dl>
                {/foreach}
            </li>
        {/foreach}
        </ul>
        {if $dns.where}<p>{$dns.where|escape}</p>{/if}
        <p class="eb-hint">{$text.dns_wait|escape}</p>
    {/if}
    {if $mailboxes and ($incoming or $outgoing)}
        <h3>{$text.settings|escape}</h3>
        <dl class="eb-facts">
            {if $incoming}<dt>{$text.incoming|escape}</dt><dd>{$incoming|escape}</dd>{/if}
            {if $outgoing}<dt>{$text.outgoing|escape}</dt><dd>{$outgoing|escape}</dd>{/if}
        </dl>
        <p>{$text.login|escape}</p>
    {/if}
</div>
<script src="{$WEB_ROOT|default:''|escape}/modules/servers/enombridge/assets/page.js?{$version|escape}" defer></script>
