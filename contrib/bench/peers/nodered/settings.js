module.exports = {
    uiHost: "127.0.0.1",
    uiPort: process.env.PORT,
    httpAdminRoot: false,
    credentialSecret: false,
    functionGlobalContext: { crypto: require("crypto") },
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: "warn" } },
};
