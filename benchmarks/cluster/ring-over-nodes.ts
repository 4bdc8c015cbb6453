import { setTimeout as wait } from 'node:timers/promises';
import type { RemoteClient } from '@stateful-functions/core';
import { inTurn } from './in-turn.js';
import type { NodeProcess } from './node-process.js';
import { Nodes } from './nodes.js';
import { type Crossings, Ring, ringId, ringIds, ringQuestions, type Tally } from './ring.js';
import type { Site } from './site.js';

export interface RingRun {
  /** Messages on their way at any time: more share a frame. */
  readonly messages: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const module = new URL('./ring-over-nodes.module.js', import.meta.url);
const patienceMs = 30_000;
const pollMs = 100;
const beginTogether = 512;

/** Messages a second that go from one of two nodes to the other, while messages go from address to address at random. */
export function runRing(site: Site, { messages, warmUpMs, measuredMs }: RingRun): Promise<number> {
  return Nodes.during({ site, count: 2, module }, async ({ all, client }) => {
    await begin(client, messages);
    await wait(warmUpMs);
    const committed = await committedBy(all);
    const before = await crossingsOf(all);
    await wait(measuredMs);
    await another(committed, all);
    const after = await crossingsOf(all);
    for (const node of all) await node.ask(ringQuestions.end);
    await check(client, messages);
    return after.reduce((sum, { count, atMs }, at) => {
      const { count: countBefore, atMs: beforeMs } = before[at] as Crossings;
      return sum + ((count - countBefore) * 1_000) / (atMs - beforeMs);
    }, 0);
  });
}

async function begin(client: RemoteClient, messages: number): Promise<void> {
  for (let at = 0; at < messages; at += beginTogether) {
    await client.to(Ring.at(ringId(at % ringIds))).begin({ at, messages: Math.min(beginTogether, messages - at) });
  }
}

function crossingsOf(nodes: readonly NodeProcess[]): Promise<Crossings[]> {
  return Promise.all(nodes.map((node) => node.ask<Crossings>(ringQuestions.crossings)));
}

/** Checkpoints; only the node that coordinates knows of them. */
async function committedBy(nodes: readonly NodeProcess[]): Promise<number> {
  const statuses = await Promise.all(nodes.map((node) => node.status()));
  return statuses.reduce((sum, { checkpoint }) => sum + checkpoint.committed, 0);
}

/** Resolves when a checkpoint has been committed since: what is measured without any would be too good. */
async function another(committed: number, nodes: readonly NodeProcess[]): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  while ((await committedBy(nodes)) === committed) {
    if (performance.now() > untilMs) throw new Error('no checkpoint was committed');
    await wait(pollMs);
  }
}

/** Every message has come to its end once, and was handled once at each hop. @throws if not */
async function check(client: RemoteClient, messages: number): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const { seen, ended, hops } = await tallyOf(client);
    if (ended === messages && seen === hops + messages) return;
    // Addresses are asked one after another: meanwhile messages move, and some that have ended may be undone and end elsewhere.
    if (performance.now() > untilMs) {
      throw new Error(`${ended} messages of ${messages} have ended, after ${hops} hops and ${seen} invocations`);
    }
  }
}

async function tallyOf(client: RemoteClient): Promise<Tally> {
  const tallies = await inTurn(ringIds, (at) =>
    client.query(Ring.at(ringId(at)), { consistency: 'processed' }).tally(),
  );
  return tallies.reduce((sum, { seen, ended, hops }) => ({
    seen: sum.seen + seen,
    ended: sum.ended + ended,
    hops: sum.hops + hops,
  }));
}
