import { writeFileSync } from 'node:fs';
import { Application } from '@stateful-functions/core';
import { filesOf } from '../application/chaos.module.js';
import { Node, type Report } from '../application/node.js';
import { Marks } from './marks.js';

/**
 * The process that is killed: `node child.js run <directory> <marks> <workers>` runs until it is told to stop by a signal, or
 * whoever started it is gone; `node child.js report <directory> <marks> <workers> <report> <nodes>` asks each node what it
 * holds, and ends.
 */
const [mode, directory = '.', trail = '', workers = '1', reportPath = '', nodes = '0'] = process.argv.slice(2);
const marks = new Marks(trail);
marks.begin('start');
const app = await Application.from(new URL('./killed.module.js', import.meta.url)).start({
  config: { directory, marks: trail },
  workers: Number(workers),
  logger: marks.logger(),
  maxBacklog: 256,
  maxActiveAddresses: 12,
  checkpoints: {
    directory: filesOf(directory).state,
    interval: '25ms',
    keep: 2,
    cacheBytes: 256 * 1024,
  },
});
marks.end('start');

if (mode === 'report') {
  const reports: [string, Report][] = [];
  for (let number = 0; number < Number(nodes); number += 1) {
    const id = `n${number}`;
    reports.push([id, await app.client.query(Node.at(id)).report()]);
  }
  await app.stop();
  writeFileSync(reportPath, JSON.stringify(reports));
} else {
  process.stdin.resume().once('close', () => process.exit(3));
  await app.finished;
}
process.exit(0);
