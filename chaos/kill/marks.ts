import { openSync, writeSync } from 'node:fs';
import type { EgressSink, Logger } from '@stateful-functions/core';
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
/** The marks that stand for what is logged. */
const meanings: Readonly<Record<string, string>> = {
  'checkpoint began': brackets.checkpoint[0],
  'checkpoint not needed': brackets.checkpoint[1],
  'manifest sent': brackets.checkpoint[1] + brackets.manifest[0],
  'checkpoint committed': brackets.manifest[1] + commit,
  'compaction began': brackets.compaction[0],
  'compaction ended': brackets.compaction[1],
};

/**
 * The trail that a process leaves in a file, so that whoever kills it knows what the kill struck. A mark is written at once:
 * what the process has written stays when it is killed. Each of its threads may have the file open; marks are appended.
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
      const marks = meanings[message];
      if (marks !== undefined) writeSync(this.#file, marks);
    };
    const error = (fields: object, message: string) => {
      if (message.startsWith('checkpoint abandoned')) this.end('checkpoint');
      console.error(message, (fields as { err?: unknown }).err);
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
