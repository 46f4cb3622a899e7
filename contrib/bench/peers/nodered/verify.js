// Checks the signature, answers, and makes the command.
const { headers } = msg.req, id = headers['webhook-id'], time = headers['webhook-timestamp'];
const hmac = global.get('crypto').createHmac('sha256', env.get('KEY'));
const digest = hmac.update(`${id}.${time}.`).update(msg.payload || '').digest('base64');
if (headers['webhook-signature'] !== `v1,${digest}` || Math.abs(Date.now() / 1000 - time) > 300) {
    return [{ ...msg, statusCode: 401, payload: '' }, null];
}
const { type, data } = JSON.parse(msg.payload), [local, domain] = data.address.split('@'), [sld, ...rest] = domain.split('.');
const account = { uid: env.get('ENOM_UID'), pw: env.get('ENOM_TOKEN'), responsetype: 'xml', sld, tld: rest.join('.') };
const command = { 'mailbox.create': 'SetUpPOP3User', 'mailbox.change_password': 'ModifyPOP3' }[type];
const wanted = { EmailCount: 1, UserName1: local, Password1: data.password, BundleID: data.bundle };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
return [
    { ...msg, statusCode: 202, payload: '' },
    { hook: id, local, wanted, account, headers: form, payload: { command, ...account, ...wanted } },
];
