// After the look: makes the signed callback.
const boxes = msg.payload['interface-response'].pop || [];
const shown = boxes.some((box) => box.username[0] === msg.local && box.password[0] === msg.wanted.Password1);
const payload = JSON.stringify({ type: msg.good && shown ? 'job.succeeded' : 'job.failed', data: { hook: msg.hook } });
const id = `cb_${msg.hook}`, time = String(Math.floor(Date.now() / 1000));
const digest = global.get('crypto').createHmac('sha256', env.get('KEY')).update(`${id}.${time}.${payload}`).digest('base64');
const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': time };
return { payload, headers: { ...headers, 'webhook-signature': `v1,${digest}` } };
