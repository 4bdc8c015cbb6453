import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@stateful-functions/core';
import { HttpProxy, type ProxiedRequest } from '@stateful-functions/servers';
import { pack } from 'msgpackr';
import type { Figures } from '../benchmark.js';
import { Account, accountId, noteOf } from './accounts.js';
import { inTurn } from './in-turn.js';
import { Nodes } from './nodes.js';
import type { Site } from './site.js';

export interface StoredRun {
  /** Addresses that change from one checkpoint to the next. */
  readonly changed: number;
  readonly checkpoints: number;
  readonly idleMs: number;
}

const module = new URL('./accounts.module.js', import.meta.url);
/** Every checkpoint is asked for, but this often there would be one if anything had changed. */
const intervalMs = 250;
const settleMs = 1_000;

/**
 * What checkpoints of two nodes cost on S3: requests for each, and bytes that are put for each byte of state that changed. Merging and
 * cleaning up in the background are in it. An application at rest puts nothing, or this rejects.
 */
export async function runStored(site: Site, { changed, checkpoints, idleMs }: StoredRun): Promise<Figures> {
  await using proxy = await HttpProxy.to(site.s3.endpoint);
  const watched: Site = { ...site, s3: { ...site.s3, endpoint: proxy.endpoint } };
  return await Nodes.during({ site: watched, count: 2, module, intervalMs }, async (nodes) => {
    await nodes.all[0]?.checkpoint();
    const before = proxy.requests.length;
    for (let number = 1; number <= checkpoints; number += 1) {
      await nodes.tell(changed);
      await nodes.all[0]?.checkpoint();
    }
    await wait(settleMs);
    const figures = costOf(proxy.requests.slice(before), changedBytes(changed, checkpoints));
    await check(nodes.client, changed, checkpoints);
    await beIdle(proxy, idleMs);
    return figures;
  });
}

function costOf(requests: readonly ProxiedRequest[], changedBytes: number): Figures {
  const puts = requests.filter(({ method }) => method === 'PUT');
  // Each checkpoint has one entry in the log.
  const committed = puts.filter(({ path }) => path.includes('/log/')).length;
  return {
    'PUTs per checkpoint': puts.length / committed,
    'requests per checkpoint': requests.length / committed,
    'bytes put per byte changed': puts.reduce((sum, { body }) => sum + body.byteLength, 0) / changedBytes,
  };
}

/** The ids and values that change, as a store of nothing but those would write them. */
function changedBytes(changed: number, checkpoints: number): number {
  let bytes = 0;
  for (let received = 1; received <= checkpoints; received += 1) {
    const valueBytes = pack([received, noteOf(received)]).byteLength;
    for (let number = 0; number < changed; number += 1) bytes += accountId(number).length + valueBytes;
  }
  return bytes;
}

/** Every account has what it was sent. @throws if not */
async function check(client: Client, changed: number, received: number): Promise<void> {
  const balances = await inTurn(changed, (number) => client.query(Account.at(accountId(number))).balance());
  const wrong = balances.findIndex((balance) => balance.received !== received || balance.note !== noteOf(received));
  if (wrong >= 0)
    throw new Error(`${accountId(wrong)} has ${JSON.stringify(balances[wrong])}, and was sent ${received}`);
}

/** @throws if anything is put though nothing happens */
async function beIdle(proxy: HttpProxy, idleMs: number): Promise<void> {
  // The last queries are committed, and what was merged is cleaned up.
  await wait(settleMs);
  const before = proxy.requests.length;
  await wait(idleMs);
  const puts = proxy.requests.slice(before).filter(({ method }) => method !== 'GET');
  if (puts.length > 0) throw new Error(`${puts.length} writes at rest, such as ${puts[0]?.method} ${puts[0]?.path}`);
}
