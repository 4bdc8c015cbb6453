import type { LogLine } from './forwarded-logger.js';
import type { Measurements } from './forwarded-metrics.js';
import type { Settings } from './options.js';

/** The endpoint of the thread that started the application. */
export const mainEndpoint = 'main';

/** What a thread has to know to be a worker of an application. */
export interface ThreadSetup {
  readonly endpoint: string;
  /** URLs of the module files. */
  readonly modules: readonly string[];
  readonly settings: Settings;
  /** `own`: by itself, as the main thread would. `forward`: by way of the main thread, whose logger it cannot have. */
  readonly logging: 'own' | 'forward' | 'silent';
  readonly forwardsMetrics: boolean;
}

/** What a thread says to the one that started it, beside the frames of the protocol. */
export type ThreadMessage =
  | { readonly kind: 'failed'; readonly error: Uint8Array }
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'metrics'; readonly measurements: Measurements };

/** What is said to a thread: the one thing is to stop. */
export type ThreadOrder = 'stop';
