import type { Client, DeadLetter } from '@stateful-functions/core';
import type { ApplicationFigures } from '../page/frame.js';
import type { Tick } from '../simulator/simulator.js';
import type { Pickup } from '../src/driver.js';
import type { Notice } from '../src/passenger.js';

/** Who hears what comes out of the application. */
export interface Audience {
  pickup(pickup: Pickup): void;
  notice(notice: Notice): void;
}

/** The application, wherever it runs, as those outside of it know it. Disposing of it ends it and removes what it stored. */
export interface Deployment extends AsyncDisposable {
  readonly client: Pick<Client, 'query'>;
  /** What has come out as dead letters. */
  readonly deadLetters: readonly DeadLetter[];
  /** Rejects when the application has failed for good. */
  readonly failed: Promise<never>;
  /** Brings what people say into the ingresses; resolves when it is there. */
  feed(tick: Tick): Promise<void>;
  /** How it does, as of now or a moment ago. */
  figures(): Promise<ApplicationFigures>;
  /** Kills a node as `kill -9` does; it is started again. `false` where there is no such node, or it does not run. */
  kill(node: string): boolean;
}
