import { setTimeout as wait } from 'node:timers/promises';
import type { NatsServer, S3Server } from '@stateful-functions/servers';
import type { Random } from '@stateful-functions/verification';
import type { NodeProcess } from './node-process.js';

/** What can strike a cluster, by how often it is chosen. */
export const strikeWeights = {
  'node killed': 6,
  'nodes killed together': 2,
  'node paused beyond its lease': 3,
  'node drained': 2,
  'node added': 1,
  'node removed': 1,
  'nats-server killed': 2,
  'S3 stopped for 20 s': 1,
} as const;

export type Strike = keyof typeof strikeWeights;

/** What a strike works on. */
export interface Targets {
  readonly nodes: NodeProcess[];
  readonly addNode: () => NodeProcess;
  readonly nats: NatsServer;
  readonly s3: S3Server;
  readonly random: Random;
}

const fewestNodes = 2;
const mostNodes = 4;
const s3OutageMs = 20_000;

/** Strikes, and mends what it broke; `false` if there is nothing to strike. */
export async function strike(kind: Strike, targets: Targets): Promise<boolean> {
  const { nodes, nats, s3, random } = targets;
  const alive = nodes.filter((node) => node.isAlive);
  const [first, second] = shuffled(alive, random);
  if (first === undefined) return false;
  switch (kind) {
    case 'node killed':
      await killFor(first, random.between(0, 3_000));
      return true;
    case 'nodes killed together':
      if (second === undefined) return false;
      await Promise.all([killFor(first, random.between(0, 2_000)), killFor(second, random.between(0, 4_000))]);
      return true;
    case 'node paused beyond its lease':
      first.pause();
      await wait(random.between(2_500, 6_000));
      first.resume();
      return true;
    case 'node drained':
      await first.leave();
      await wait(random.between(0, 1_000));
      first.start();
      return true;
    case 'node added': {
      if (nodes.length >= mostNodes) return false;
      const added = targets.addNode();
      added.start();
      return true;
    }
    case 'node removed':
      if (alive.length <= fewestNodes || nodes.length <= fewestNodes) return false;
      nodes.splice(nodes.indexOf(first), 1);
      await first.leave();
      return true;
    case 'nats-server killed':
      await nats.kill();
      await wait(random.between(0, 3_000));
      await nats.restart();
      return true;
    case 'S3 stopped for 20 s':
      await s3.stop();
      await wait(s3OutageMs);
      await s3.start();
      return true;
  }
}

/** One kind, by weight. */
export function draw(random: Random): Strike {
  const kinds = Object.entries(strikeWeights) as [Strike, number][];
  let left = random.between(
    1,
    kinds.reduce((sum, [, weight]) => sum + weight, 0),
  );
  for (const [kind, weight] of kinds) {
    left -= weight;
    if (left <= 0) return kind;
  }
  return 'node killed';
}

async function killFor(node: NodeProcess, downMs: number): Promise<void> {
  await node.kill();
  await wait(downMs);
  node.start();
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  return values
    .map((value) => ({ value, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
