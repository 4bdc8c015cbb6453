import type { ChannelLimits } from '../cluster/channel-limits.js';
import { Participant, type ParticipantOptions } from '../cluster/participant.js';
import type { Bindings } from './bindings.js';
import type { Settings } from './options.js';

export interface LocalParticipantOptions
  extends Pick<
    ParticipantOptions,
    | 'platform'
    | 'logger'
    | 'metrics'
    | 'store'
    | 'endpoint'
    | 'incarnation'
    | 'takesWork'
    | 'report'
    | 'send'
    | 'failed'
    | 'reportEveryMs'
  > {
  readonly bindings: Bindings;
  readonly settings: Settings;
}

/** Within a process nothing gets lost, and an acknowledgement that takes long means that the other thread is busy. */
const channelLimits: Partial<ChannelLimits> = { resendAfterMs: 30_000, maxResendAfterMs: 300_000 };

/** A participant in the process of its coordinator, which it cannot be cut off from. */
export function localParticipant({ bindings, settings, ...options }: LocalParticipantOptions): Participant {
  const { workers } = settings;
  return new Participant({
    ...options,
    bindings: {
      definitionOf: (name) => bindings.functionOf(name),
      retired: bindings.retired,
      ingresses: bindings.ingresses,
      egresses: bindings.egresses,
    },
    limits: { maxBacklog: settings.maxBacklog, maxActivations: Math.ceil(settings.maxActivations / workers) },
    cacheBytes: Math.ceil(settings.cacheBytes / workers),
    stopTimeoutMs: settings.stopTimeoutMs,
    leaseMs: Number.POSITIVE_INFINITY,
    channelLimits,
  });
}
