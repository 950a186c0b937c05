// @unleash/proxy on loopback, with the flags of a file as its upstream: unleash_proxy.mjs PORT FILE KEY
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const { createApp } = createRequire(import.meta.url)('@unleash/proxy');
const [port, file, key] = process.argv.slice(2);
const features = readFileSync(file);

// It has no start from a file, so it is given an upstream that answers everything with these flags.
const upstream = createServer((request, response) => {
  request.resume();
  response.setHeader('Content-Type', 'application/json');
  response.end(request.method === 'GET' ? features : '{}');
});
upstream.listen(0, '127.0.0.1', () => {
  const app = createApp({
    unleashUrl: `http://127.0.0.1:${upstream.address().port}/api`,
    unleashApiToken: 'upstream',
    clientKeys: [key],
    refreshInterval: 3600000,
    metricsInterval: 3600000,
    logLevel: 'error',
    enableOAS: false,
  });
  app.listen(Number(port), '127.0.0.1');
});
