import type { FileSystem } from '../ports/file-system.js';

/**
 * Makes folder entries durable, with one sync for all who ask at about the same time.
 *
 * A sync that has begun may have missed an entry made since, so whoever asks while one runs waits for the next;
 * and all who wait share that next one.
 */
export class DirectorySync {
  readonly #files: FileSystem;
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  constructor(files: FileSystem) {
    this.#files = files;
  }

  /** Resolves when every entry that `path` has now (and every removal from it) is durable. */
  sync(path: string): Promise<void> {
    const running = this.#running.get(path);
    if (running === undefined) return this.#start(path);
    let next = this.#next.get(path);
    if (next === undefined) {
      const startNext = () => {
        this.#next.delete(path);
        return this.#start(path);
      };
      // A failure is told to those who asked for that sync; those who wait get an attempt of their own.
      next = running.then(startNext, startNext);
      this.#next.set(path, next);
    }
    return next;
  }

  #start(path: string): Promise<void> {
    const ended = () => {
      if (this.#running.get(path) === running) this.#running.delete(path);
    };
    const running = this.#files.syncDirectory(path).finally(ended);
    this.#running.set(path, running);
    return running;
  }
}
