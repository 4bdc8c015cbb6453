import type { CheckpointStatus } from '../checkpoint/checkpointer.js';
import type { ParticipantStatus } from '../cluster/report.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Reply } from '../sdk/contract.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import type { Bindings } from './bindings.js';
import type { ClientGateway } from './client.js';
import type { Settings } from './options.js';

/** Figures of a running application, since it started. */
export interface ApplicationStatus extends ParticipantStatus {
  readonly checkpoint: CheckpointStatus;
  /** Where the state is, for people. */
  readonly storage: string;
}

/** What an engine is made of. */
export interface EngineParts {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly settings: Settings;
  readonly store: BlobStore;
  readonly bindings: Bindings;
}

/** What an engine tells. */
export interface EngineEvents {
  /** A reply to the client may be shown. */
  readonly reply: (target: ClientReplyTarget, reply: Reply<unknown>) => void;
  /** What became of the client's calls that are under way is not known any more. */
  readonly interrupted: () => void;
  /** The application has come to its end by itself. */
  readonly over: () => void;
  /** Something failed that cannot go on. */
  readonly failed: (error: unknown) => void;
}

/** Runs an application: by itself in this process, or as one node of several. */
export interface Engine {
  /** Takes what the client sends. */
  readonly gateway: ClientGateway;
  readonly status: ApplicationStatus;
  /** Whether messages are handled now, and not only once an epoch has begun that is being prepared. */
  readonly isRunning: boolean;
  /** Resolves when messages are handled. */
  start(): Promise<void>;
  checkpoint(): Promise<void>;
  savepoint(name: string): Promise<void>;
  /**
   * Brings what is under way to a good end, here or by handing it over.
   *
   * @param quiesced resolves when the client, which takes no more calls, has the answers to all it took before
   */
  drain(quiesced: () => Promise<void>): Promise<void>;
  /** Ends, whatever is under way. */
  stop(): Promise<void>;
  /** Ends as a killed process does: nothing is finished, written or published any more. */
  abandon(): void;
  /** The committed state of an address, by property. For tests. */
  stateOf(address: AnyAddress): Promise<Record<string, unknown>>;
}
