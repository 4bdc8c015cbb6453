import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Application, type RunningApplication, type StartOptions } from '@stateful-functions/core';
import { type ClusterConnection, connect } from '../cluster.js';
import { ControlSocket } from '../control-socket.js';
import { endWithParent } from '../end-with-parent.js';
import { exitCode } from '../exit-code.js';
import { runNodes } from '../nodes.js';
import type { Output } from '../output.js';
import { isFolder, sharedStoreAt, storeAt } from '../store.js';
import type { Target } from './target.js';

export interface StartCommandOptions extends Target {
  readonly workers: number | 'auto';
  readonly config?: Readonly<Record<string, string>>;
}

/** `sf start` */
export async function start(modules: readonly string[], options: StartCommandOptions, out: Output): Promise<number> {
  const { workers, nats } = options;
  if (nats === undefined) return startEmbedded(modules, options, out);
  const nodes = workers === 'auto' ? availableParallelism() : workers;
  return nodes === 1 ? startNode(modules, options, out) : runNodes(nodes, nodeArguments(modules, options, out));
}

async function startEmbedded(modules: readonly string[], options: StartCommandOptions, out: Output): Promise<number> {
  const { workers, config = {}, checkpoints } = options;
  const place = isFolder(checkpoints) ? { directory: checkpoints } : { store: await storeAt(checkpoints) };
  const application = await startApplication(modules, { workers, config, checkpoints: place });
  const control = isFolder(checkpoints) ? await ControlSocket.listen(checkpoints, application) : undefined;
  if (isFolder(checkpoints) && control === undefined) {
    out.note(
      `No socket can be made in ${checkpoints}: sf status, sf savepoint and sf drain will not reach this application.`,
    );
  }
  const share = workers === 1 ? '1 worker' : workers === 'auto' ? 'a worker on each core' : `${workers} workers`;
  await tell(
    out,
    { event: 'started', workers, checkpoints },
    `Started, with ${share} and checkpoints in ${checkpoints}.`,
  );
  try {
    await application.finished;
  } finally {
    control?.close();
  }
  await tellEnd(application, out);
  return exitCode.fine;
}

/** One node of a cluster. It ends when it is told to, or the application is drained. */
async function startNode(modules: readonly string[], options: StartCommandOptions, out: Output): Promise<number> {
  const { config = {}, checkpoints, nats, app } = options;
  endWithParent();
  const store = await sharedStoreAt(checkpoints);
  const cluster: ClusterConnection = await connect(options);
  try {
    const { transport, membership, inbox } = cluster;
    const application = await startApplication(modules, {
      config,
      checkpoints: { store },
      cluster: { transport, membership, inbox },
    });
    await tell(
      out,
      { event: 'started', app, nats, checkpoints },
      `Started, as a node of ${app}, with checkpoints in ${checkpoints}.`,
    );
    await application.finished;
    await tellEnd(application, out);
    return exitCode.fine;
  } finally {
    await cluster.close();
  }
}

function startApplication(modules: readonly string[], options: StartOptions): Promise<RunningApplication> {
  return Application.from(...modules.map(urlOf)).start(options);
}

/** What a node is started with: as this process was, but alone. */
function nodeArguments(modules: readonly string[], options: StartCommandOptions, out: Output): string[] {
  const { nats, app, checkpoints, config = {} } = options;
  const given = Object.entries({ nats, app, checkpoints }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
  const settings = Object.entries(config).map(([key, value]) => `--config=${key}=${value}`);
  return ['start', ...given, ...settings, ...(out.isJson ? ['--json'] : []), '--', ...modules];
}

async function tell(out: Output, event: object, text: string): Promise<void> {
  await (out.isJson ? out.json(event) : out.line(text));
}

async function tellEnd({ status }: RunningApplication, out: Output): Promise<void> {
  const text = `Ended, after ${status.invocations.toLocaleString('en')} messages, with a final checkpoint.`;
  await tell(out, { event: 'ended', ...status }, text);
}

/** A path is from here, as any other that is given to a command. */
function urlOf(module: string): URL {
  return URL.canParse(module) && !/^[A-Za-z]:\\/.test(module) ? new URL(module) : pathToFileURL(module);
}
