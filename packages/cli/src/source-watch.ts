import { EventEmitter, once } from 'node:events';
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { StatefulFunctionsError } from '@stateful-functions/core';

/** Editors write a file in several steps: a change is over when nothing has happened for so long. */
const quietMs = 50;

const sourceFile = /\.([cm]?[jt]sx?|json)$/;

/**
 * Notices changes of source files in folders and in all folders below them.
 *
 * Each folder is watched by itself: that also notices editors which put a new file in the place of the old one, and works the
 * same on all systems.
 */
export class SourceWatch implements Disposable {
  readonly #roots: readonly string[];
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #events = new EventEmitter();
  #timer: NodeJS.Timeout | undefined;
  /** The file of a change that goes on. */
  #changing: string | undefined;
  /** The file of a change that is over and that nobody was told of. */
  #changed: string | undefined;

  /** @throws SF_INVALID_OPTION for a folder that is not there */
  constructor(roots: readonly string[]) {
    const absent = roots.find((root) => foldersOf(root).length === 0);
    if (absent !== undefined) {
      throw new StatefulFunctionsError(
        'SF_INVALID_OPTION',
        `there is no folder ${absent} to watch. Run this in the folder of the application, or name another with --watch.`,
      );
    }
    this.#roots = roots;
    this.#followFolders();
  }

  /** Resolves with a file that has changed since the last call, or that changes next; with `undefined` when aborted. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    if (this.#changed === undefined) await once(this.#events, 'changed', { signal }).catch(() => undefined);
    const file = this.#changed;
    this.#changed = undefined;
    return file;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #see(folder: string, name: string): void {
    const areOthers = this.#followFolders();
    if (!areOthers && !sourceFile.test(name)) return;
    this.#changing ??= join(folder, name);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#changed = this.#changing;
      this.#changing = undefined;
      this.#events.emit('changed');
    }, quietMs);
  }

  /** Watches exactly the folders that are there; tells whether these are others than before. */
  #followFolders(): boolean {
    const folders = new Set(this.#roots.flatMap(foldersOf));
    const gone = [...this.#watchers.keys()].filter((folder) => !folders.has(folder));
    const added = [...folders].filter((folder) => !this.#watchers.has(folder));
    for (const folder of gone) {
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
    }
    for (const folder of added) {
      const watcher = watch(folder, (_, name) => this.#see(folder, name ?? ''));
      watcher.on('error', () => this.#see(folder, '')); // Some systems report so that the folder is gone.
      this.#watchers.set(folder, watcher);
    }
    return gone.length + added.length > 0;
  }
}

/** A folder and all below it; none if it is not there. */
function foldersOf(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
    return [folder, ...below.flatMap(foldersOf)];
  } catch {
    return []; // Removed meanwhile.
  }
}
