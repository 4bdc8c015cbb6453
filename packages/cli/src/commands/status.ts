import type { ApplicationStatus, CheckpointStatus, CheckpointSummary, ClusterStatus } from '@stateful-functions/core';
import { byteSize } from '../byte-size.js';
import { operate } from '../cluster.js';
import { ask } from '../control-socket.js';
import { exitCode } from '../exit-code.js';
import type { Output } from '../output.js';
import { relativeTime } from '../relative-time.js';
import { pairs, table } from '../table.js';
import { reading } from './checkpoints.js';
import { noAnswer, type Target } from './target.js';

/** `sf status` */
export async function status(target: Target, out: Output): Promise<number> {
  if (target.nats !== undefined) {
    const found = await operate(target, (operator) => operator.status());
    if (out.isJson) await out.json({ running: true, ...found });
    else await showCluster(target.app as string, found, out);
    return exitCode.fine;
  }
  const found = (await ask(target.checkpoints, { operation: 'status' }))?.status;
  if (found !== undefined) {
    if (out.isJson) await out.json({ running: true, ...found });
    else await showApplication(target.checkpoints, found, out);
    return exitCode.fine;
  }
  const newest = await reading(target.checkpoints, (archive) => archive.details());
  const { logId, settings, segmentRefs, parts, ingresses, egresses, ...summary } = newest;
  if (out.isJson) await out.json({ running: false, newest: summary });
  else await showStore(target.checkpoints, summary, out);
  out.failure(noAnswer(target));
  return exitCode.failed;
}

async function showCluster(app: string, found: ClusterStatus, out: Output): Promise<void> {
  const { coordinator, epoch, checkpoint, workers, total } = found;
  await out.lines(
    pairs([
      ['application', `${app}, runs`],
      ['epoch', `${epoch}, coordinated by ${coordinator}`],
      ['checkpoints', checkpointText(checkpoint)],
      ...figures(total),
    ]),
  );
  const right = 'right' as const;
  await out.line();
  await out.table(
    table(
      [
        { heading: 'WORKER' },
        { heading: 'STATE' },
        { heading: 'KEY GROUPS', align: right },
        { heading: 'ADDRESSES', align: right },
        { heading: 'HANDLED', align: right },
        { heading: 'WAITING', align: right },
        { heading: 'INGRESSES' },
      ],
      workers.map((each) => [
        each.endpoint,
        each.isLeaving ? `${each.state}, leaving` : each.state,
        count(each.keyGroups),
        count(each.addresses),
        count(each.invocations),
        count(each.backlog),
        each.ingresses.join(', '),
      ]),
    ),
  );
}

async function showApplication(where: string, found: ApplicationStatus, out: Output): Promise<void> {
  await out.lines(
    pairs([
      ['application', `runs in one process, on ${where}`],
      ['checkpoints', checkpointText(found.checkpoint)],
      ...figures(found),
    ]),
  );
}

async function showStore(
  where: string,
  { checkpoint, savepoint, timeMs, epoch, bytes }: CheckpointSummary,
  out: Output,
): Promise<void> {
  await out.lines(
    pairs([
      ['store', where],
      [
        savepoint === undefined ? 'checkpoint' : 'goes on from',
        `${savepoint === undefined ? checkpoint : `savepoint ${savepoint}`}, ${relativeTime(timeMs, Date.now())}, in epoch ${epoch}, ${byteSize(bytes)}`,
      ],
    ]),
  );
}

function checkpointText({ committed, abandoned, lastDurationMs, segments, bytes }: CheckpointStatus): string {
  const last = committed === 0 ? '' : `, the last in ${Math.round(lastDurationMs)} ms`;
  return `${count(committed)} committed${last}, ${count(abandoned)} abandoned; ${byteSize(bytes)} of state in ${segments} ${segments === 1 ? 'segment' : 'segments'}`;
}

function figures(status: ClusterStatus['total']): [string, string][] {
  return [
    ['events', `${count(status.events)} read since the first start`],
    [
      'messages',
      `${count(status.invocations)} handled, ${count(status.backlog)} waiting, ${count(status.retries)} tried again`,
    ],
    ['dead letters', count(status.deadLetters)],
    ['egress records', `${count(status.egressPublished)} published, ${count(status.egressPending)} to come`],
    ['addresses', `${count(status.addresses)} in memory`],
  ];
}

function count(value: number): string {
  return value.toLocaleString('en');
}
