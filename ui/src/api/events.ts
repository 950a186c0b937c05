// GET /api/v1/events, read by fetch: an EventSource cannot send a token.
import { api, ask, Problem, type AuditEntry } from './client';

/** An entry of the audit log, without what it changed. */
export type Change = Pick<AuditEntry, 'sequence' | 'action' | 'kind' | 'environment' | 'key' | 'version'>;

export interface ServerEvent {
  /** Empty for a sign of life. */
  name: string;
  id: string;
  data: string;
}

/** An event is never near that; whatever sends more is no store. */
const maxEventLength = 1 << 20;

function parse(block: string): ServerEvent {
  const event = { name: '', id: '', data: '' };
  for (const line of block.split('\n')) {
    const [field, value = ''] = line.split(/: ?(.*)/s);
    if (field === 'event') event.name = value;
    else if (field === 'id') event.id = value;
    else if (field === 'data') event.data += value;
  }
  return event;
}

/** Until the stream ends; throws when there is none to be had, or `signal` is aborted. */
export async function* readEvents(last: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const params = { header: last ? { 'Last-Event-ID': last } : {} };
  const body = await ask(api.GET('/api/v1/events', { params, signal, parseAs: 'stream', cache: 'no-store' }));
  if (!body) throw new Problem(0, 'The store sends no events.');
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    if (text.length > maxEventLength) throw new Problem(0, 'An event of the store is too long.');
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) yield parse(block);
  }
}
