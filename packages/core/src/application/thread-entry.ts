import { FileBlobStore } from '../blob/file-blob-store.js';
import { encodeReport, readControlFrame } from '../cluster/control-frame.js';
import { readFrame } from '../cluster/frame.js';
import { nodePlatform } from '../node/node-platform.js';
import { PortTransport } from '../node/port-transport.js';
import { ThisThread } from '../node/thread.js';
import { type Logger, silentLogger } from '../ports/logger.js';
import { noMetrics } from '../ports/metrics.js';
import { randomHex } from '../ports/random.js';
import { Bindings } from './bindings.js';
import { defaultLogger } from './default-logger.js';
import { forwardedLogger } from './forwarded-logger.js';
import { ForwardedMetrics } from './forwarded-metrics.js';
import { localParticipant } from './local-participant.js';
import { loadModule } from './module-loader.js';
import { addSystemBindings } from './system-bindings.js';
import { encodeError } from './thread-error.js';
import { mainEndpoint, type ThreadMessage, type ThreadSetup } from './thread-messages.js';

/**
 * What runs in each worker thread: one participant, on modules that are loaded here, since neither classes nor what they are
 * connected to can be handed from thread to thread.
 *
 * Its store is another view of the folder of which the main thread has the lock, and works without one.
 */
const thread = new ThisThread<ThreadSetup>();
const platform = nodePlatform();
/** What is to be undone when this thread stops, last first. */
const undo: (() => unknown)[] = [];

thread.listen(() => void stop()); // There is no other order.
try {
  await run(thread.data);
} catch (error) {
  fail(error);
}

async function run({ endpoint, modules, settings, logging, forwardsMetrics }: ThreadSetup): Promise<void> {
  const logger = makeLogger(logging);
  const metrics = forwardsMetrics
    ? new ForwardedMetrics(platform.scheduler, (measurements) => tell({ kind: 'metrics', measurements }))
    : noMetrics;
  if (metrics instanceof ForwardedMetrics) undo.push(() => metrics.flush());
  const loaded = [];
  for (const url of modules) loaded.push(await loadModule(new URL(url)));
  const bindings = Bindings.of(loaded, settings.config);
  undo.push(() => bindings.services.dispose());
  addSystemBindings(bindings, settings.directory);
  const transport = new PortTransport(platform.scheduler, thread.ports);
  const participant = localParticipant({
    platform,
    logger,
    metrics,
    store: new FileBlobStore(platform.files, platform.random, settings.directory as string),
    bindings,
    settings,
    endpoint,
    incarnation: randomHex(platform.random, 8),
    takesWork: true,
    reportEveryMs: 100,
    report: (report) => transport.send(mainEndpoint, encodeReport(report)),
    send: (to, frame) => transport.send(to, frame),
    failed: (error) => {
      void participant.stop(); // At once: whatever it did from now on might spread the damage.
      fail(error);
    },
  });
  undo.push(() => participant.stop());
  await transport.listen(endpoint, (bytes) => {
    try {
      const control = readControlFrame(bytes);
      const frame = control === undefined ? readFrame(bytes) : undefined;
      if (control?.kind === 'directive') participant.obey(control.directive);
      else if (frame !== undefined) participant.receive(frame);
    } catch (error) {
      fail(error);
    }
  });
  participant.start();
}

async function stop(): Promise<void> {
  try {
    for (const step of undo.splice(0).reverse()) await step();
  } catch (error) {
    fail(error);
  }
  thread.end();
}

function fail(error: unknown): void {
  tell({ kind: 'failed', error: encodeError(error) });
}

function tell(message: ThreadMessage): void {
  thread.post(message);
}

function makeLogger(logging: ThreadSetup['logging']): Logger {
  if (logging === 'silent') return silentLogger;
  return logging === 'own' ? defaultLogger() : forwardedLogger((line) => tell({ kind: 'log', line }));
}
