import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats, startS3 } from '@stateful-functions/servers';
import { changeCounting, startCounting } from './counting-app.js';
import { countOnCluster } from './counting-cluster.js';
import { CreatedApp } from './created-app.js';
import { changeGreeting, startGreeting } from './greeting-app.js';
import { pack, Registry } from './registry.js';

/** How long it may take from the command that creates an application to having it tested and running. */
const barSeconds = 120;

/** Does one step, and tells how long it took. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  console.log(`${secondsSince(startedMs).toFixed(1).padStart(7)} s  ${what}`);
  return result;
}

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1_000;
}

const workFolder = await mkdtemp(join(tmpdir(), 'e2e-'));
try {
  const [startedRegistry, packages] = await step('a registry is started, and packages are packed', () =>
    Promise.all([Registry.start(workFolder), pack(workFolder)]),
  );
  await using registry = startedRegistry;
  const settings = join(workFolder, 'npmrc');
  await writeFile(settings, `registry=${registry.url}\n${registry.url.slice('http:'.length)}:_authToken=anybody\n`);
  // Nothing of the npm that runs this, and a cache without anything in it.
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const environment = {
    ...Object.fromEntries(own),
    npm_config_userconfig: settings,
    npm_config_cache: join(workFolder, 'cache'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
  await step('packages are published', () => registry.publish(packages, environment));

  const where = { directory: workFolder, environment };

  /** Creates an application, and has it built, linted, tested and run. */
  async function created(template: string, start: (app: CreatedApp) => Promise<void>): Promise<CreatedApp> {
    const app = await step(`${template}: npm create sf-app@latest`, () => CreatedApp.create(where, template));
    for (const name of ['build', 'lint', 'test']) {
      await step(`${template}: npm run ${name}`, () => app.script(name).succeeds());
    }
    await step(`${template}: npm start`, () => start(app));
    return app;
  }

  async function cluster(): Promise<void> {
    const servers = Promise.all([startNats(), startS3()]);
    const app = await created('cluster', startCounting);
    await step('cluster: npm run dev', () => changeCounting(app));
    const [startedNats, startedS3] = await servers;
    await using nats = startedNats;
    await using s3 = startedS3;
    if (nats !== undefined && s3 !== undefined) {
      await step('cluster: npm start on several nodes', () => countOnCluster(app, nats, s3));
    }
  }

  async function greeter(): Promise<void> {
    const app = await created('greeter', startGreeting);
    await step('greeter: npm run dev', () => changeGreeting(app));
  }

  // By itself, since it is timed.
  const startedMs = performance.now();
  const minimal = await created('minimal', startCounting);
  const seconds = secondsSince(startedMs);
  console.log(`From npm create to an application that is tested and runs: ${seconds.toFixed(1)} s.`);
  if (seconds > barSeconds) throw new Error(`That is more than ${barSeconds} s.`);

  const all = [step('minimal: npm run dev', () => changeCounting(minimal)), greeter(), cluster()];
  const failures = (await Promise.allSettled(all)).flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
} finally {
  await rm(workFolder, { recursive: true, force: true });
}
