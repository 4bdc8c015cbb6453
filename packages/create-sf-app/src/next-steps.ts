import { join } from 'node:path';
import type { Plan } from './plan.js';

/** What there is to do, a command on each line. */
export function nextSteps({ directory, packageManager, install }: Plan): string[] {
  const { shown } = directory;
  return [
    ...(shown === '.' ? [] : [`cd ${/^[\w./@-]+$/.test(shown) ? shown : JSON.stringify(shown)}`]),
    ...(install ? [] : [packageManager.install]),
    `${packageManager.run('dev').padEnd(14)}   # runs it, and again whenever a file changes`,
    `${packageManager.run('test').padEnd(14)}   # tests it`,
  ];
}

/** Where more is to be found. */
export function furtherReading({ directory }: Plan): string {
  return `${join(directory.shown, 'README.md')} tells the rest.`;
}
