import { decode } from '../codec/codec.js';
import type { PendingTimer } from '../dispatch/invocation.js';
import type { TimerStorage } from '../dispatch/timers.js';
import { timerKey, timerRange } from '../state/key.js';
import type { KeyGroupRanges } from '../state/key-group-ranges.js';
import type { SegmentSet } from '../state/segment-set.js';
import type { StoredTimer } from './message-form.js';

/** The timers of some key groups, in segments. */
export function timerStorage(
  segments: SegmentSet,
  keyGroups: KeyGroupRanges,
  restore: (stored: StoredTimer) => PendingTimer | undefined,
): TimerStorage {
  const holds = (fromMs: number, toMs: number) =>
    segments.refs.some(({ timers }) => timers !== undefined && timers.maxDueMs >= fromMs && timers.minDueMs < toMs);
  return {
    async *scan(fromMs, toMs) {
      if (!holds(fromMs, toMs)) return;
      for (const keyGroup of keyGroups.keyGroups()) {
        const { from, to } = timerRange(keyGroup, fromMs, toMs);
        for await (const { value } of segments.scan(from, to)) {
          const timer = value === undefined ? undefined : restore(decode(value) as StoredTimer);
          if (timer !== undefined) yield timer;
        }
      }
    },
    async has(keyGroup, token) {
      const found = await segments.find(timerKey(keyGroup, token.dueMs, token.timerId));
      return found?.value !== undefined;
    },
    lastDueMs() {
      let last: number | undefined;
      for (const { timers } of segments.refs) if (timers !== undefined) last = Math.max(last ?? 0, timers.maxDueMs);
      return last;
    },
  };
}
