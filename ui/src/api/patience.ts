// A store that is asked too often says when to come again, and the page comes again by itself.
import { signal } from '@preact/signals';

/** Whoever wants a longer pause, or another one, is not waited for: what was asked fails. */
const longestSeconds = 30;
const mostWaits = 3;

/** When what was asked for is asked for again; 0 while nothing waits. */
export const waitsUntil = signal(0);
let waiting = 0;

async function wait(seconds: number) {
  ++waiting;
  waitsUntil.value = Math.max(waitsUntil.peek(), Date.now() + seconds * 1000);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  if (--waiting === 0) waitsUntil.value = 0;
}

/** The seconds that an answer asks for; 0 when it does not, or what was asked for changes something: that is for people to repeat. */
function pauseOf(request: Request, { status, headers }: Response): number {
  const isFull = status === 429 || status === 503;
  // A stream of events that is not to be had is no reason to wait: the audit log is asked instead.
  if (!isFull || request.method !== 'GET' || request.url.endsWith('/events')) return 0;
  const seconds = Number(headers.get('Retry-After'));
  return seconds > 0 && seconds <= longestSeconds ? seconds : 0;
}

export async function withPatience(request: Request): Promise<Response> {
  let response = await fetch(request);
  for (let waits = 0; waits < mostWaits; ++waits) {
    const seconds = pauseOf(request, response);
    if (seconds === 0) break;
    await wait(seconds);
    response = await fetch(request);
  }
  return response;
}
