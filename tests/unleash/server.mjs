// A real Unleash server: node server.mjs SOCKET_DIRECTORY PORT CLIENT_TOKEN ADMIN_TOKEN [FRONTEND_TOKEN]
// Runs until it is killed. Nothing is asked of any other host.
import { start } from 'unleash-server';

const [directory, port, clientToken, adminToken, frontendToken] = process.argv.slice(2);
await start({
  db: { host: directory, user: 'pennon', password: '', database: 'postgres', port: 5432, ssl: false },
  server: { port: Number(port), host: '127.0.0.1', gracefulShutdownEnable: false },
  authentication: {
    initApiTokens: [
      { tokenName: 'client', secret: clientToken, environment: 'development', projects: ['default'], type: 'client' },
      { tokenName: 'admin', secret: adminToken, environment: '*', projects: ['*'], type: 'admin' },
      ...(frontendToken
        ? [{ tokenName: 'frontend', secret: frontendToken, environment: 'development', projects: ['default'], type: 'frontend' }]
        : []),
    ],
  },
  versionCheck: { enable: false },
  telemetry: false,
  logLevel: 'error',
});
