import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Watch } from '../ports/file-system.js';

/** How often a file is looked at when no notification came: some file systems (network, containers) send none. */
const pollMs = 1000;

/**
 * Watches one file, which need not exist: its folder is watched for notifications, and the file is looked at slowly as well.
 *
 * Keeps the process alive until closed, as an open source should.
 */
export class NodeWatch implements Watch {
  readonly #path: string;
  readonly #changed: () => void;
  readonly #poll: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  #seen: string | undefined;
  #closed = false;

  constructor(path: string, changed: () => void) {
    this.#path = path;
    this.#changed = changed;
    this.#subscribe();
    void this.#look();
    this.#poll = setInterval(() => {
      this.#subscribe();
      void this.#look();
    }, pollMs);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #subscribe(): void {
    if (this.#watcher !== undefined) return;
    const name = basename(this.#path);
    try {
      const watcher = watch(dirname(this.#path), (_event, file) => {
        if (!this.#closed && (file === null || file === name)) this.#changed();
      });
      watcher.on('error', () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      // No folder yet, or the host has no watches left: the poll finds changes, and tries again to subscribe.
    }
  }

  /** Compares what the file looks like with what it looked like before. */
  async #look(): Promise<void> {
    const looks = await stat(this.#path).then(
      ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
      () => 'absent',
    );
    const before = this.#seen;
    this.#seen = looks;
    if (!this.#closed && before !== undefined && before !== looks) this.#changed();
  }
}
