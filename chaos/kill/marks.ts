import { closeSync, openSync, writeSync } from 'node:fs';
import type { BlobStore, EgressSink, Logger } from '@stateful-functions/core';
import { silentLogger } from '@stateful-functions/core';

/** What a process can be in the middle of. */
export type Phase = 'start' | 'checkpoint' | 'manifest' | 'compaction' | 'egress';

/** Where each phase begins and ends in a trail of marks, one character each. */
const brackets: Readonly<Record<Phase, readonly [begin: string, end: string]>> = {
  start: ['S', 's'],
  checkpoint: ['(', ')'],
  manifest: ['[', ']'],
  compaction: ['{', '}'],
  egress: ['<', '>'],
};
const commit = 'c';

/**
 * The trail that a process leaves in a file, so that whoever kills it knows what the kill struck. A mark is written at once:
 * what the process has written stays when it is killed.
 */
export class Marks {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  begin(phase: Phase): void {
    writeSync(this.#file, brackets[phase][0]);
  }

  end(phase: Phase): void {
    writeSync(this.#file, brackets[phase][1]);
  }

  async during<T>(phase: Phase, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.end(phase);
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Marks when parts and manifests of checkpoints are written. */
  store(store: BlobStore): BlobStore {
    const put: BlobStore['put'] = (name, body) => {
      const phase = name.startsWith('log/') ? 'manifest' : 'checkpoint';
      // A compaction writes its part beside those of checkpoints and is told apart by what is logged.
      this.begin(phase);
      return this.during(phase, store.put(name, body));
    };
    return {
      put,
      get: (name, range) => store.get(name, range),
      list: (prefix) => store.list(prefix),
      delete: (name) => store.delete(name),
      open: async () => store.open?.(),
      close: async () => store.close?.(),
    };
  }

  /** Marks when an egress is written. */
  sink<T>(sink: EgressSink<T>): EgressSink<T> {
    return {
      open: (position, services) => sink.open(position, services),
      publish: (records) => {
        this.begin('egress');
        return this.during('egress', sink.publish(records));
      },
      close: () => sink.close(),
    };
  }

  /** Marks what the runtime says of checkpoints and compactions. */
  logger(): Logger {
    const debug = (_fields: object, message: string) => {
      if (message === 'checkpoint committed') writeSync(this.#file, commit);
      else if (message === 'compaction began') this.begin('compaction');
      else if (message === 'compaction ended') this.end('compaction');
    };
    const error = (fields: object, message: string) => {
      const { error: cause } = fields as { error?: unknown };
      console.error(message, cause);
    };
    const logger: Logger = { ...silentLogger, debug, error, child: () => logger };
    return logger;
  }
}

/** What the trail of one process says. */
export interface Trail {
  /** Whether it has recovered and opened. */
  readonly opened: boolean;
  readonly committed: number;
  readonly compactions: number;
  /** What the process was in the middle of when it ended. */
  readonly struck: readonly Phase[];
}

export function readTrail(marks: string): Trail {
  const count = (mark: string) => marks.split(mark).length - 1;
  const phases = Object.keys(brackets) as Phase[];
  const struck = phases.filter((phase) => count(brackets[phase][0]) > count(brackets[phase][1]));
  return {
    opened: count(brackets.start[1]) > 0,
    committed: count(commit),
    compactions: count(brackets.compaction[1]),
    struck,
  };
}
