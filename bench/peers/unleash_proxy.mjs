// @unleash/proxy on loopback, with the flags of a file as its upstream: unleash_proxy.mjs PORT (FILE | dead) KEY
// `dead`: nothing answers at its upstream. What it keeps is in the folder that it is started in.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

process.env.TMPDIR = process.cwd(); // where unleash-client keeps its backup; it asks when it is loaded
const { createApp } = createRequire(import.meta.url)('@unleash/proxy');
const [port, file, key] = process.argv.slice(2);


function listen(upstream) {
  const app = createApp({
    unleashUrl: upstream,
    unleashApiToken: 'upstream',
    clientKeys: [key],
    refreshInterval: 3600000,
    metricsInterval: 3600000,
    logLevel: 'error',
    enableOAS: false,
  });
  app.listen(Number(port), '127.0.0.1');
}

if (file === 'dead') {
  listen('http://127.0.0.1:9/api');
} else {
  // It has no start from a file, so it is given an upstream that answers everything with these flags.
  const features = readFileSync(file);
  const upstream = createServer((request, response) => {
    request.resume();
    response.setHeader('Content-Type', 'application/json');
    response.end(request.method === 'GET' ? features : '{}');
  });
  upstream.listen(0, '127.0.0.1', () => listen(`http://127.0.0.1:${upstream.address().port}/api`));
}
