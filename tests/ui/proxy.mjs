// A proxy before a real store or daemon, as an operator has one; `answer` may answer in its place.
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';

export class Proxy {
  /** Called with each request; answers {status, headers, body}, or nothing to have the store answer. */
  answer = () => undefined;
  /** [method, path, status] of all that was answered from behind. */
  answered = [];

  static async before(store) {
    const proxy = new Proxy();
    proxy.server = createServer((request, response) => proxy.handle(store, request, response)).listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    proxy.token = store.token;
    return proxy;
  }

  handle(store, request, response) {
    const own = this.answer(request);
    if (own) {
      request.resume();
      response.writeHead(own.status, own.headers).end(own.body);
      return;
    }
    const { method, url, headers } = request;
    const behind = forward({ port: store.port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
      this.answered.push([method, url, answer.statusCode]);
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    behind.on('error', () => response.destroy());
    response.on('close', () => behind.destroy());
    request.pipe(behind);
  }

  async end() {
    const ended = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await ended;
  }
}
