import { Bindings } from '../../src/application/bindings.js';
import { addSystemBindings } from '../../src/application/system-bindings.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { Coordinator } from '../../src/cluster/coordinator.js';
import { readFrame } from '../../src/cluster/frame.js';
import { Participant } from '../../src/cluster/participant.js';
import { silentLogger } from '../../src/ports/logger.js';
import { noMetrics } from '../../src/ports/metrics.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import type { VirtualPlatform } from '../../src/testing/virtual-platform.js';

export interface SeveralOptions {
  readonly platform: VirtualPlatform;
  readonly module: StatefulFunctionModule;
  readonly workers: number;
  readonly store?: MemoryBlobStore;
  readonly maxBacklog?: number;
  readonly inlineBytes?: number;
}

/** A coordinator and several participants on one machine under virtual time, and a network that loses nothing. */
export class SeveralParticipants {
  readonly coordinator: Coordinator;
  readonly participants: readonly Participant[];
  /** What made any of them fail. */
  readonly failures: unknown[] = [];
  /** How often all was found to be drained. */
  drained = 0;
  /** Endpoints that hear nothing of the coordinator, and those that it does not hear. */
  readonly deaf = new Set<string>();
  readonly mute = new Set<string>();

  constructor(options: SeveralOptions) {
    const { platform, module, workers, store = new MemoryBlobStore(), maxBacklog = 16_384, inlineBytes } = options;
    const { scheduler } = platform;
    const common = { platform, logger: silentLogger, metrics: noMetrics, store };
    const failed = (error: unknown) => void this.failures.push(error);
    const bindings = () => {
      const bound = Bindings.of([module], new Map());
      addSystemBindings(bound, undefined);
      return bound;
    };
    const named = (endpoint: string) => this.participants.find((each) => each.endpoint === endpoint);
    const { ingresses, egresses } = bindings();
    this.coordinator = new Coordinator({
      ...common,
      incarnation: 'c'.repeat(16),
      maxParallelism: 64,
      savepoint: undefined,
      keep: 2,
      cacheBytes: 1024 * 1024,
      intervalMs: 1_000,
      inlineBytes,
      maxFailures: 3,
      checkpointTimeoutMs: Number.POSITIVE_INFINITY,
      workers,
      leaseMs: Number.POSITIVE_INFINITY,
      settleMs: 0,
      ingresses: [...ingresses.keys()],
      egresses: [...egresses.keys()],
      checkManifest: async () => undefined,
      direct: (endpoint, directive) => {
        // As if it had travelled.
        const heard = { ...directive, inlined: undefined };
        if (!this.deaf.has(endpoint)) scheduler.defer(() => named(endpoint)?.obey(heard));
      },
      failed,
      drained: () => {
        this.drained += 1;
      },
    });
    this.participants = Array.from({ length: workers }, (_, number) => {
      const bound = bindings();
      return new Participant({
        ...common,
        bindings: {
          definitionOf: (name) => bound.functionOf(name),
          retired: bound.retired,
          ingresses: bound.ingresses,
          egresses: bound.egresses,
        },
        limits: { maxBacklog, maxActivations: 1_000 },
        cacheBytes: 1024 * 1024,
        stopTimeoutMs: 1_000,
        endpoint: `worker-${number}`,
        incarnation: `${number}`.repeat(16),
        takesWork: true,
        leaseMs: Number.POSITIVE_INFINITY,
        report: (report) => {
          if (!this.mute.has(report.endpoint)) scheduler.defer(() => this.coordinator.hear(report));
        },
        send: (endpoint, bytes) => {
          const frame = readFrame(bytes);
          if (frame !== undefined) scheduler.defer(() => named(endpoint)?.receive(frame));
        },
        failed,
      });
    });
  }

  /** Resolves when all of them run. */
  async start(): Promise<void> {
    for (const participant of this.participants) participant.start();
    await this.coordinator.whenRunning();
  }

  async stop(): Promise<void> {
    await this.coordinator.close();
    for (const participant of this.participants) await participant.stop();
  }
}
