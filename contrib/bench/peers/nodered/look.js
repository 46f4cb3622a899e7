// After the command: asks how it is now.
msg.good = msg.payload['interface-response'].ErrCount[0] === '0';
msg.headers = { 'content-type': 'application/x-www-form-urlencoded' };
msg.payload = { command: 'GetPOP3', ...msg.account };
return msg;
