// The engine as a process: requests and replies are lines of JSON, in the same order.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Engine {
  #process;
  #waiting = [];

  constructor(program) {
    this.#process = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#waiting.shift().resolve(line));
    this.#process.on('close', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`the engine ended with ${code}`));
    });
  }

  // A promise, so that the reference can be asked while the engine works.
  async ask(request) {
    const line = await new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    });
    const reply = JSON.parse(line);
    if (reply.error !== undefined && reply.ok === undefined) throw new Error(`${reply.error}: ${JSON.stringify(request).slice(0, 2000)}`);
    return reply;
  }

  close() {
    this.#process.stdin.end();
  }
}
