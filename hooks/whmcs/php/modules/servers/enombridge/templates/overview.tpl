{* The customer's page of a service. WHMCS does not escape by itself; without JavaScript everything works. *}
<link rel="stylesheet" href="{$WEB_ROOT|default:''|escape}/modules/servers/enombridge/assets/page.css?{$version|escape}">
<div class="enombridge" id="enombridge" data-busy="{if $busy}1{/if}" data-copy="{$text.copy|escape}" data-copied="{$text.copied|escape}">
    <div role="status">
    {foreach $messages as $message}
        <p class="eb-message eb-{$message.kind|escape}">{$message.text|escape}{if $message.kind eq 'info'}<span> <a href="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">{$text.reload|escape}</a></span>{/if}</p>
    {/foreach}
    </div>
    {if $seats}
        <h3>{$text.mailboxes|escape}: {$seats.domain|escape}</h3>
        <p>{$seats.text|escape} {if $seats.more}<a href="upgrade.php?type={$seats.more|escape}&amp;id={$serviceId|escape}">{$text.more_seats|escape}</a>{/if}</p>
        {if $mayChange and $seats.over}<p class="eb-message eb-danger">{$seats.over|escape}</p>{/if}
        {if $mayChange and $remove}
            <section class="eb-card eb-ask" aria-label="{$text.remove|escape}">
                <form method="post" action="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">
                    <input type="hidden" name="token" value="{$token|default:''|escape}">
                    <input type="hidden" name="enombridge[proof]" value="{$proof|escape}">
                    <input type="hidden" name="enombridge[do]" value="remove_sure">
                    <input type="hidden" name="enombridge[mailbox]" value="{$remove|escape}">
                    <p><strong>{$remove|escape}</strong></p>
                    <p><input type="checkbox" id="eb-sure" name="enombridge[sure]" required> <label class="eb-inline" for="eb-sure">{$text.remove_sure|escape}</label></p>
                    <p><button class="btn eb-button eb-danger" type="submit">{$text.remove_now|escape}</button>
                    <a href="clientarea.php?action=productdetails&amp;id={$serviceId|escape}&amp;enombridge_keep=1">{$text.remove_keep|escape}</a></p>
                </form>
            </section>
        {/if}
        {if $mayChange and $seats.free}
            <details class="eb-details eb-card" data-add>
                <summary>{$text.add|escape}</summary>
                <form method="post" action="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">
                    <input type="hidden" name="token" value="{$token|default:''|escape}">
                    <input type="hidden" name="enombridge[proof]" value="{$proof|escape}">
                    <input type="hidden" name="enombridge[do]" value="add">
                    <p><label for="eb-local">{$text.add_name|escape}</label>
                    <span class="eb-join"><input class="form-control" type="text" id="eb-local" name="enombridge[local]" autocapitalize="none" autocomplete="off" spellcheck="false" required><span>@{$seats.domain|escape}</span></span></p>
                    <p><label for="eb-password">{$text.password_first|escape}</label>
                    <input class="form-control" type="password" id="eb-password" name="enombridge[password]" autocomplete="new-password" required aria-describedby="eb-rule">
                    <span class="eb-hint" id="eb-rule">{$text.password_rule|escape}</span></p>
                    <p><label for="eb-again">{$text.password_once_more|escape}</label>
                    <input class="form-control" type="password" id="eb-again" name="enombridge[again]" autocomplete="new-password" required></p>
                    <p><button class="btn btn-primary eb-button" type="submit">{$text.add_now|escape}</button></p>
                </form>
            </details>
        {/if}
    {else}
        <h3>{$text.your_mailbox|escape}</h3>
    {/if}
    {foreach $mailboxes as $mailbox}
        <section class="eb-card" aria-label="{$mailbox.address|escape}">
            <dl class="eb-facts">
                <dt>{$text.address|escape}</dt>
                <dd>{$mailbox.address|escape}</dd>
                <dt>{$text.status|escape}</dt>
                <dd>{if $mailbox.state eq 'active'}{$text.client_active|escape}{elseif $mailbox.state eq 'suspended'}{$text.client_suspended|escape}{elseif $mailbox.state eq 'progress'}{$text.client_progress|escape}{elseif $mailbox.state eq 'deleted'}{$mailbox.deleted|escape}{else}{$text.client_none|escape}{/if}</dd>
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
            {if $signIn and not $seats}
                <p><a class="btn btn-primary eb-button" href="clientarea.php?action=productdetails&amp;id={$serviceId|escape}&amp;dosinglesignon=1">{$text.open_webmail|escape}</a>
                {if $webmail}<a href="{$webmail|escape}">{$webmail|escape}</a>{/if}</p>
            {/if}
            {if $mayChange and $mailbox.state neq 'deleted'}
                {if $seats and $mailbox.state eq 'active'}
                    <form method="post" action="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">
                        <input type="hidden" name="token" value="{$token|default:''|escape}">
                        <input type="hidden" name="enombridge[proof]" value="{$proof|escape}">
                        <input type="hidden" name="enombridge[do]" value="webmail">
                        <input type="hidden" name="enombridge[mailbox]" value="{$mailbox.address|escape}">
                        <p><button class="btn btn-primary eb-button" type="submit" aria-label="{$text.open_webmail|escape}: {$mailbox.address|escape}">{$text.open_webmail|escape}</button></p>
                    </form>
                {/if}
                <details class="eb-details">
                    <summary>{if $seats or $mailbox.aliases !== null or $mailbox.forward !== null}{$text.manage|escape}<span class="eb-hidden"> {$mailbox.address|escape}</span>{else}{$text.password_change|escape}{/if}</summary>
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
                    {if $mailbox.aliases !== null}
                        <form method="post" action="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">
                            <input type="hidden" name="token" value="{$token|default:''|escape}">
                            <input type="hidden" name="enombridge[proof]" value="{$proof|escape}">
                            <input type="hidden" name="enombridge[do]" value="aliases">
                            <input type="hidden" name="enombridge[mailbox]" value="{$mailbox.address|escape}">
                            <p><label for="eb-aliases-{$mailbox@index}">{$text.aliases|escape}</label>
                            <textarea class="form-control" id="eb-aliases-{$mailbox@index}" name="enombridge[aliases]" rows="3" autocapitalize="none" spellcheck="false" aria-describedby="eb-aliases-hint-{$mailbox@index}">{$mailbox.aliases|escape}</textarea>
                            <span class="eb-hint" id="eb-aliases-hint-{$mailbox@index}">{$text.aliases_hint|escape}</span></p>
                            <p><button class="btn eb-button" type="submit">{$text.aliases_save|escape}</button></p>
                        </form>
                    {/if}
                    {if $mailbox.forward !== null}
                        <form method="post" action="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">
                            <input type="hidden" name="token" value="{$token|default:''|escape}">
                            <input type="hidden" name="enombridge[proof]" value="{$proof|escape}">
                            <input type="hidden" name="enombridge[do]" value="forwarding">
                            <input type="hidden" name="enombridge[mailbox]" value="{$mailbox.address|escape}">
                            <p><label for="eb-forward-{$mailbox@index}">{$text.forwarding|escape}</label>
                            <textarea class="form-control" id="eb-forward-{$mailbox@index}" name="enombridge[forward]" rows="3" autocapitalize="none" spellcheck="false" aria-describedby="eb-forward-hint-{$mailbox@index}">{$mailbox.forward|escape}</textarea>
                            <span class="eb-hint" id="eb-forward-hint-{$mailbox@index}">{$text.forwarding_hint|escape}</span></p>
                            <p><input type="checkbox" id="eb-copy-{$mailbox@index}" name="enombridge[copy]"{if $mailbox.copy} checked{/if}> <label class="eb-inline" for="eb-copy-{$mailbox@index}">{$text.forwarding_copy|escape}</label></p>
                            <p><button class="btn eb-button" type="submit">{$text.forwarding_save|escape}</button></p>
                        </form>
                    {/if}
                    {if $seats}
                        <form method="post" action="clientarea.php?action=productdetails&amp;id={$serviceId|escape}">
                            <input type="hidden" name="token" value="{$token|default:''|escape}">
                            <input type="hidden" name="enombridge[proof]" value="{$proof|escape}">
                            <input type="hidden" name="enombridge[do]" value="remove">
                            <input type="hidden" name="enombridge[mailbox]" value="{$mailbox.address|escape}">
                            <p><button class="btn eb-button eb-danger" type="submit">{$text.remove|escape}</button></p>
                        </form>
                    {/if}
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
    {if $mailboxes and ($incoming or $outgoing or $seats and $webmail)}
        <h3>{$text.settings|escape}</h3>
        <dl class="eb-facts">
            {if $incoming}<dt>{$text.incoming|escape}</dt><dd>{$incoming|escape}</dd>{/if}
            {if $outgoing}<dt>{$text.outgoing|escape}</dt><dd>{$outgoing|escape}</dd>{/if}
            {if $seats and $webmail}<dt>{$text.webmail|escape}</dt><dd><a href="{$webmail|escape}">{$webmail|escape}</a></dd>{/if}
        </dl>
        <p>{$text.login|escape}</p>
    {/if}
</div>
<script src="{$WEB_ROOT|default:''|escape}/modules/servers/enombridge/assets/page.js?{$version|escape}" defer></script>
