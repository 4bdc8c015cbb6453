import { setTimeout as wait } from 'node:timers/promises';
import type { RemoteClient } from '@stateful-functions/core';
import type { Benchmark, Figures } from '../benchmark.js';
import { Account, accountId } from './accounts.js';
import { inTurn } from './in-turn.js';
import type { NodeProcess } from './node-process.js';
import { Nodes } from './nodes.js';
import { givenSite, type Site } from './site.js';

export interface FailoverRun {
  /** That have state; more than those that are watched. */
  readonly addresses: number;
  /** Which of the nodes is killed: one by its number, or one that does not coordinate. */
  readonly victim: number | 'follower';
}

const module = new URL('./accounts.module.js', import.meta.url);
const nodeCount = 3;
/** Addresses that get messages all the time, one after another. */
const watchedCount = 300;
const messageEveryMs = 4;
const patienceMs = 60_000;
const pollMs = 5;
/** Of very many addresses, so many are looked at in the end. */
const sampleCount = 2_000;

/**
 * Kills one of three nodes, to whose addresses messages go all the time. Milliseconds until the first of these addresses handles a
 * message elsewhere: from the kill, and from when somebody had noticed it and begun another epoch.
 */
export async function runFailover(site: Site, { addresses, victim }: FailoverRun): Promise<Figures> {
  const config = { watched: `${watchedCount}` };
  return Nodes.during({ site, count: 1, module, config }, async (nodes) => {
    // One node alone makes the state soonest; the others take over their shares of it.
    await nodes.tell(addresses);
    await nodes.all[0]?.checkpoint();
    await nodes.add(nodeCount - 1);
    const watch = new Watch(nodes.all);
    const messages = new Messages(nodes.client, watchedCount);
    await watch.whenAllHandle();
    const killed = victim === 'follower' ? await followerOf(nodes.all) : (nodes.all[victim] as NodeProcess);
    const figures = await watch.kill(killed);
    await messages.stop();
    await check(nodes.client, addresses, messages);
    return figures;
  });
}

/** Only the node that coordinates knows of checkpoints. */
async function followerOf(nodes: readonly NodeProcess[]): Promise<NodeProcess> {
  for (const node of nodes) if ((await node.status()).checkpoint.committed === 0) return node;
  throw new Error('every node has coordinated');
}

/** Notes where addresses handle messages, and when another epoch is begun. */
class Watch {
  /** By address. */
  readonly #places = new Map<string, NodeProcess>();
  readonly #nodes: readonly NodeProcess[];
  #killed: NodeProcess | undefined;
  #killedMs = 0;
  #detectedMs: number | undefined;
  #handledMs: number | undefined;

  constructor(nodes: readonly NodeProcess[]) {
    this.#nodes = nodes;
    for (const node of nodes) {
      node.heard = (what) => {
        if (what.kind === 'handled') this.#handled(node, what.id, what.atMs);
        else if (what.kind === 'epoch' && this.#killed !== undefined) this.#detectedMs ??= what.atMs;
      };
    }
  }

  /** Resolves when the watched addresses are at all nodes, and each has handled a message. */
  async whenAllHandle(): Promise<void> {
    const haveAll = () => {
      const places = new Set(this.#places.values());
      return this.#places.size === watchedCount && this.#nodes.every((node) => places.has(node));
    };
    for (const untilMs = Date.now() + patienceMs; !haveAll(); await wait(pollMs)) {
      if (Date.now() > untilMs) throw new Error(`not all nodes handle messages after ${patienceMs} ms`);
    }
  }

  async kill(node: NodeProcess): Promise<Figures> {
    this.#killedMs = Date.now();
    this.#killed = node;
    await node.kill();
    for (const untilMs = Date.now() + patienceMs; this.#handledMs === undefined; await wait(pollMs)) {
      if (Date.now() > untilMs) throw new Error(`nobody took over from ${node.name} within ${patienceMs} ms`);
    }
    if (this.#detectedMs === undefined) throw new Error('another node has handled a message without a new epoch');
    return {
      'after the kill': this.#handledMs - this.#killedMs,
      'after detection': this.#handledMs - this.#detectedMs,
    };
  }

  #handled(node: NodeProcess, id: string, atMs: number): void {
    if (this.#killed === undefined) this.#places.set(id, node);
    else if (node !== this.#killed && this.#places.get(id) === this.#killed) this.#handledMs ??= atMs;
  }
}

/** Messages to one address after another, and what must come of them. */
class Messages {
  readonly sent: number[];
  readonly #client: RemoteClient;
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  #failure: unknown;

  constructor(client: RemoteClient, addresses: number) {
    this.#client = client;
    this.sent = new Array(addresses).fill(0);
    this.#timer = setInterval(() => this.#send(), messageEveryMs);
  }

  /** Sends no more; resolves when all that was sent is certain. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #send(): void {
    const number = this.#next++ % this.sent.length;
    this.sent[number] = (this.sent[number] as number) + 1;
    const sent = this.#client.to(Account.at(accountId(number))).receive();
    const settled = sent.catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#underWay.add(settled);
    void settled.then(() => this.#underWay.delete(settled));
  }
}

/** Each address has had what it was sent, once. @throws if one has not */
async function check(client: RemoteClient, addresses: number, { sent }: Messages): Promise<void> {
  const step = Math.max(1, Math.floor(addresses / sampleCount));
  const sample = [...sent.keys()];
  for (let number = sent.length; number < addresses; number += step) sample.push(number);
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const balances = await inTurn(sample.length, (at) =>
      client.query(Account.at(accountId(sample[at] as number))).balance(),
    );
    const expected = (at: number) => 1 + (sent[sample[at] as number] ?? 0);
    const wrong = balances.findIndex(({ received }, at) => received !== expected(at));
    if (wrong < 0) return;
    // The last messages may be on their way still.
    if (performance.now() > untilMs) {
      throw new Error(
        `${accountId(sample[wrong] as number)} has had ${balances[wrong]?.received} messages of ${expected(wrong)}`,
      );
    }
  }
}

let runs = 0;

/** The first of these is 10 kills of a node after another, one of which coordinates. */
export const failover: readonly Benchmark[] = [
  {
    name: 'failover-kill',
    metric: 'first message',
    unit: 'ms',
    repetitions: 10,
    needsSite: true,
    cases: [
      {
        name: '1-of-3-nodes',
        bar: { of: 'most', atMost: 3_000 },
        run: async () => {
          const figures = await runFailover(givenSite(), {
            addresses: 1_000,
            victim: runs++ % nodeCount,
          });
          return { 'after the kill': figures['after the kill'] as number };
        },
      },
    ],
  },
  {
    name: 'failover-state',
    metric: 'first message',
    unit: 'ms',
    baseline: '1,000-addresses',
    needsSite: true,
    cases: [1_000, 1_000_000].map((addresses) => ({
      name: `${addresses.toLocaleString('en-US')}-addresses`,
      ...(addresses === 1_000 ? {} : { bar: { of: 'ratio', atMost: 1.5 } as const }),
      run: async () => {
        const figures = await runFailover(givenSite(), { addresses, victim: 'follower' });
        return { 'after detection': figures['after detection'] as number };
      },
    })),
  },
];
