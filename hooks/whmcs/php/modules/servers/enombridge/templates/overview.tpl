{* The mailbox on the customer's page of the service. WHMCS does not escape by itself. *}
<div class="enombridge">
    <h3>{$text.your_mailbox|escape}</h3>
    <dl>
        <dt>{$text.address|escape}</dt>
        <dd>{$address|escape}</dd>
        <dt>{$text.status|escape}</dt>
        <dd>{if $state eq 'active'}{$text.client_active|escape}{elseif $state eq 'suspended'}{$text.client_suspended|escape}{elseif $state eq 'progress'}<span role="status">{$text.client_progress|escape}</span>{else}{$text.client_none|escape}{/if}</dd>
    </dl>
    {if $signIn}
        <p><a class="btn btn-primary" href="clientarea.php?action=productdetails&amp;id={$serviceId|escape}&amp;dosinglesignon=1">{$text.open_webmail|escape}</a>
        {if $webmail}<a href="{$webmail|escape}">{$webmail|escape}</a>{/if}</p>
    {/if}
    {if $incoming or $outgoing}
        <h4>{$text.settings|escape}</h4>
        <dl>
            {if $incoming}<dt>{$text.incoming|escape}</dt><dd>{$incoming|escape}</dd>{/if}
            {if $outgoing}<dt>{$text.outgoing|escape}</dt><dd>{$outgoing|escape}</dd>{/if}
        </dl>
        <p>{$text.login|escape}</p>
    {/if}
</div>
