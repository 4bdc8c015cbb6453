import type { Act, Cancel, Command, OwnAct, SendingAct } from '../application/command.js';
import { isPoison, type Manner } from '../application/manner.js';
import type { TraceEgress } from '../application/trace.js';
import type { Random } from './random.js';

/** A command follows a command at most so many times. */
export const maxDepth = 9;

/** Longer than the window of timers that an application has in memory after its start. */
const longMs = { least: 70_000, most: 90_000 };

/** The latest that any timer is due after it was set. */
export const longestDelayMs = longMs.most;

const manners: readonly Manner[] = [
  ...Array<Manner>(24).fill('at-once'),
  ...Array<Manner>(5).fill('pause'),
  ...Array<Manner>(3).fill('throw-once'),
  ...Array<Manner>(2).fill('reject-once'),
  ...(['hang-once', 'throw', 'reject', 'hang'] as const),
];

/** What is asked of a command beside its place. */
interface Traits {
  /** Whether acts are allowed whose outcome depends on the order of messages. */
  readonly isOwn?: boolean;
  /** Whether it must leave a trace, so that it can be told whether it ran. */
  readonly isSure?: boolean;
  readonly isAsked?: boolean;
}

/** How much may still follow. */
interface Budget {
  left: number;
  /** Whether each command is followed by one, down to the greatest depth. */
  readonly isChain: boolean;
}

/** Makes commands that make further commands, as a seed has them. */
export class CommandTree {
  readonly #random: Random;
  readonly #actors: readonly string[];
  readonly #hasLongTimers: boolean;

  constructor(random: Random, actors: readonly string[], hasLongTimers: boolean) {
    this.#random = random;
    this.#actors = actors;
    this.#hasLongTimers = hasLongTimers;
  }

  /** A command that comes from outside. */
  root(id: string, to: string, isOwn: boolean): Command {
    const random = this.#random;
    const isChain = random.chance(0.03);
    const left = isChain ? maxDepth : random.pick([0, 0, 0, 1, 2, 3, 4, 6]);
    return this.#command(id, to, 0, { left, isChain }, { isOwn });
  }

  /** A command that nothing follows, and that leaves a trace. */
  leaf(id: string): Command {
    return this.#command(id, this.#random.pick(this.#actors), maxDepth, { left: 0, isChain: false }, { isSure: true });
  }

  #command(id: string, to: string, depth: number, budget: Budget, traits: Traits): Command {
    const random = this.#random;
    const acts: Act[] = [];
    for (let count = random.between(1, 3); count > 0; count -= 1) acts.push(this.#plain(`${id}#${count}`));
    if (traits.isOwn) for (let count = random.between(1, 2); count > 0; count -= 1) acts.push(this.#own(id));
    const most = budget.isChain ? 1 : random.between(1, 3);
    for (let count = 0; count < most && budget.left > 0 && depth < maxDepth; count += 1) {
      budget.left -= 1;
      acts.splice(random.between(0, acts.length), 0, this.#following(`${id}.${count}`, to, depth + 1, budget));
    }
    const command = { id, to, manner: this.#manner(traits, budget), pauseMs: random.between(1, 20) };
    const defers = traits.isAsked && random.chance(0.25) ? { defers: true as const } : {};
    return { ...command, egress: this.#egress(), ...defers, acts };
  }

  #manner({ isSure, isAsked }: Traits, { isChain }: Budget): Manner {
    const manner = this.#random.pick(manners);
    if (isPoison(manner) && (isSure || isChain)) return 'at-once';
    // A timeout's error cannot say whose it was to the one who asked.
    return manner === 'hang' && isAsked ? 'reject' : manner;
  }

  #plain(id: string): Act {
    const random = this.#random;
    const amount = random.between(1, 9);
    const key = `k${random.between(1, 6)}`;
    const kind = random.pick(['increment', 'increment', 'mutate', 'tally', 'emit'] as const);
    if (kind === 'increment') return { kind, amount };
    if (kind === 'emit') return { kind, id, egress: this.#egress() };
    return { kind, key, amount };
  }

  #own(id: string): OwnAct {
    const random = this.#random;
    const key = `p${random.between(1, 4)}`;
    const kind = random.pick(['write', 'write', 'erase', 'append', 'append', 'entitle', 'wipe', 'rewrite'] as const);
    if (kind === 'write') return { kind, key, value: random.between(1, 1_000) };
    if (kind === 'erase') return { kind, key };
    if (kind === 'append') return { kind, text: id };
    if (kind === 'entitle') return { kind, title: id };
    if (kind === 'wipe') return { kind };
    return { kind, texts: [`${id} first`, `${id} second`] };
  }

  #following(id: string, owner: string, depth: number, budget: Budget): SendingAct {
    const random = this.#random;
    const kinds = ['send', 'send', 'send', 'ask', 'delay', ...(budget.isChain ? [] : rarer)] as const;
    const kind = random.pick(kinds);
    const isSure = kind === 'drop' || kind === 'race';
    const command = this.#command(id, random.pick(this.#actors), depth, budget, { isSure, isAsked: kind === 'ask' });
    if (kind === 'send') return { kind, command };
    if (kind === 'ask') return { kind, command, ...(random.chance(0.2) ? { timeoutMs: random.between(1, 12) } : {}) };
    const isLong = this.#hasLongTimers && isSure && random.chance(0.2);
    const delayMs = isLong ? random.between(longMs.least, longMs.most) : random.between(0, 60);
    if (kind === 'delay') return { kind, command, delayMs, isDate: random.chance(0.3) };
    if (kind === 'drop') return { kind, command, delayMs };
    if (kind === 'race') return { kind, command, delayMs, cancel: this.#cancel(isLong ? 10 : delayMs) };
    const isFar = this.#hasLongTimers && random.chance(0.2);
    const thief = random.pick(this.#actors.filter((actor) => actor !== owner));
    const after = random.chance(0.6) ? { afterMs: random.between(0, isFar ? 300 : delayMs) } : {};
    return { kind, command, delayMs: isFar ? longMs.least : delayMs, thief, ...after };
  }

  /** A cancellation that comes about when the timer is due. */
  #cancel(delayMs: number): Cancel {
    const random = this.#random;
    if (random.chance(0.5)) return { by: 'message', via: random.pick(this.#actors) };
    return { by: 'timer', delayMs: Math.max(0, delayMs + random.between(-8, 8)) };
  }

  #egress(): TraceEgress {
    return this.#random.chance(0.5) ? 0 : 1;
  }
}

const rarer = ['drop', 'race', 'race', 'theft'] as const;
