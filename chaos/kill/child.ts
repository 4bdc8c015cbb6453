import { writeFileSync } from 'node:fs';
import { Application, FileBlobStore, nodePlatform } from '@stateful-functions/core';
import { ChaosModule, filesOf } from '../application/chaos.module.js';
import { Node, type Report } from '../application/node.js';
import { Marks } from './marks.js';

/**
 * The process that is killed: `node child.js run <directory> <marks>` runs until it is told to stop by a signal, or whoever
 * started it is gone; `node child.js report <directory> <marks> <report> <nodes>` asks each node what it holds, and ends.
 */
const [mode, directory = '.', trail = '', reportPath = '', nodes = '0'] = process.argv.slice(2);
const marks = new Marks(trail);
marks.begin('start');
const platform = nodePlatform();
const files = filesOf(directory);
const module = new ChaosModule({ directory, scheduler: platform.scheduler, watched: (sink) => marks.sink(sink) });
const app = await Application.from(module).start({
  platform,
  logger: marks.logger(),
  maxBacklog: 256,
  maxActiveAddresses: 12,
  checkpoints: {
    store: marks.store(new FileBlobStore(platform.files, platform.random, files.state)),
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
