import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CountingApp } from './counting-app.js';
import { CreatedApp } from './created-app.js';
import { Registry } from './registry.js';

/** How long it may take from the command that creates an application to having it tested and running. */
const barSeconds = 120;

/** Does one step, and tells how long it took. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const beganMs = performance.now();
  const result = await work();
  console.log(`  ${((performance.now() - beganMs) / 1_000).toFixed(1).padStart(6)} s  ${what}`);
  return result;
}

const workFolder = await mkdtemp(join(tmpdir(), 'e2e-'));
try {
  await using registry = await step('a registry', () => Registry.start(workFolder));
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
  await step('packages packed and published', () => registry.publishAll(workFolder, environment));

  const startedMs = performance.now();
  const app = await step('npm create sf-app@latest my-minimal -- --template minimal --install', () =>
    CreatedApp.create({ directory: workFolder, environment }, 'minimal'),
  );
  for (const script of ['build', 'lint', 'test']) await step(`npm run ${script}`, () => app.script(script).succeeds());
  const counting = new CountingApp(app);
  await step('npm start', () => counting.start());
  const seconds = (performance.now() - startedMs) / 1_000;
  console.log(`From npm create to an application that runs and is tested: ${seconds.toFixed(1)} s.`);
  if (seconds > barSeconds) throw new Error(`That is longer than ${barSeconds} s.`);
  await step('npm run dev', () => counting.develop());
} finally {
  await rm(workFolder, { recursive: true, force: true });
}
