<?php

namespace EnomBridge\Tests;

/** The way into webmail. */
final class SignInTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        Machine::session('client');
    }

    public function testALinkIsPassedOn(): void
    {
        foreach (['https://mail.example.com/in?token=a%20b&x=1#top', 'http://mail.example.com/'] as $url) {
            Bridge::says(Bridge::tells(['url' => $url]));
            self::assertSame(['success' => true, 'redirectTo' => $url], enombridge_ServiceSingleSignOn(Billing::params()));
        }
        self::assertSame(['service_id' => '1042', 'address' => 'john@example.com'], Bridge::last()->data());
        self::assertNotSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
    }

    public function testAnythingElseIsAnExcuse(): void
    {
        $urls = ['', 'javascript:alert(1)', 'ftp://example.com/', '//example.com', 'https://', "https://example.com/\r\nset-cookie: x=1", 'https://example.com/"><script>', ' https://example.com/',
            'https://example.com/ x', 7, null, ['https://example.com/'], 'HTTPS', "https://example.com/\0"];
        foreach ($urls as $url) {
            Bridge::says(Bridge::tells(['url' => $url]));
            $found = enombridge_ServiceSingleSignOn(Billing::params());
            self::assertSame([false, 'Webmail cannot be opened from here right now. Please go to the webmail address and sign in with your mailbox password.'], [$found['success'], $found['errorMsg']]);
            self::assertArrayNotHasKey('redirectTo', $found);
        }
        foreach ([Bridge::refuses(422, 'unsupported'), Bridge::refuses(404), Bridge::refuses(503), ''] as $answer) {
            Bridge::says($answer);
            self::assertFalse(enombridge_ServiceSingleSignOn(Billing::params())['success']);
        }
    }
}
