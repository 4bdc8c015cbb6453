import type { Inbox } from '../ports/inbox.js';
import { MemorySource } from './memory-source.js';

/** An inbox in this process's memory, for tests: it takes each id once, for good. */
export class MemoryInbox implements Inbox {
  readonly source = new MemorySource<Uint8Array>();
  readonly #ids = new Set<string>();

  async put(id: string, record: Uint8Array): Promise<void> {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    this.source.push(record.slice());
  }
}
