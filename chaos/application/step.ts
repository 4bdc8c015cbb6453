/** What a step makes its node do, beside counting, writing its line and sending on. */
export type Work =
  | 'add'
  /** Waits between two changes: an asynchronous handler. */
  | 'pause'
  /** Does everything and then throws, the first time. */
  | 'stumble'
  /** The same behind a wait. */
  | 'stumble-late'
  /** Throws every time: a dead letter. */
  | 'poison'
  /** Adds to an entry of the node's map. */
  | 'tally'
  /** Sets an entry; only at a node's own turn, since the last one counts. */
  | 'write'
  | 'erase'
  /** Appends to the node's list; only at a node's own turn, since the order counts. */
  | 'append'
  | 'clear'
  /** Answers an ask later, by a kept handle. */
  | 'defer'
  /** Sets a timer and cancels it by another message. */
  | 'cancel'
  /** Sends itself round a ring. */
  | 'cycle';

/** One thing to be done at one node, and what follows from it. The whole tree of a command is fixed when it is made. */
export interface Step {
  /** Unique: the id of the line that the step writes. */
  readonly id: string;
  readonly to: string;
  readonly work: Work;
  readonly amount: number;
  readonly key?: string;
  /** The number of this command among those of its node: commands must arrive in order. */
  readonly order?: number;
  /** The number of this message among those from its sender to this node: they must arrive in order. */
  readonly pair?: number;
  readonly cycle?: Cycle;
  readonly next: readonly Next[];
}

/** A message that goes round `ring`, and starts a smaller cycle the other way round on each third hop. */
export interface Cycle {
  readonly ring: readonly string[];
  readonly at: number;
  readonly left: number;
  readonly inner: number;
}

/** How a step is started by the one before it. */
export interface Next {
  readonly how: 'send' | 'timer' | 'ask';
  readonly delayMs: number;
  readonly step: Step;
}

/** What follows a step: fixed, and for a cycle its next hop. */
export function followers(step: Step): readonly Next[] {
  const { cycle } = step;
  if (cycle === undefined || cycle.left === 0) return step.next;
  const { ring, at, left, inner } = cycle;
  const hops: Next[] = [...step.next];
  const hop = (id: string, next: Cycle) => {
    const to = next.ring[next.at % next.ring.length] as string;
    const timed = next.left % 4 === 1;
    const hopped: Step = { id, to, work: 'cycle', amount: 1, cycle: next, next: [] };
    hops.push({ how: timed ? 'timer' : 'send', delayMs: timed ? 3 : 0, step: hopped });
  };
  hop(`${step.id}>`, { ring, at: at + 1, left: left - 1, inner });
  if (inner > 0 && left % 3 === 0) {
    hop(`${step.id}<`, { ring: ring.toReversed(), at: 0, left: inner, inner: Math.max(inner - 2, 0) });
  }
  return hops;
}
