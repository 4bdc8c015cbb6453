import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { ClusterDeployment } from '../deployment/cluster-deployment.js';
import { PageServer } from '../server/page-server.js';
import { parseArguments } from './arguments.js';
import { openBrowser, openPage } from './browser.js';
import { report } from './program.js';
import { Run } from './run.js';

const ownOptions = { rides: '500' };
const victim = 'node-2';
const patienceMs = 180_000;

/**
 * Kills a node by the button of the page while `--rides` rides are under way, 500 unless it is told, looks whether rides go on, and
 * checks all of them at the end. Leaves pictures of the page before and after in a folder that it names.
 */
async function drill(args: readonly string[]): Promise<number> {
  const { rides } = parseArguments(args, ownOptions);
  const usual = ['--passengers', `${4 * rides}`, '--passengers-per-second', '60'];
  const options = parseArguments([...usual, ...args], ownOptions);
  const browser = await openBrowser();
  if (browser === undefined) return 1;
  try {
    await using run = await Run.start(options, ClusterDeployment.start);
    if (run === undefined) return 1;
    await using server = await PageServer.start(run, options.port);
    console.log(`The city is at ${server.url}`);
    const pictures = await Pictures.of(browser, server.url);
    const life = run.live();
    await Promise.race([
      strike(run, pictures, rides),
      life.then(() => never('the city was over before the drill was')),
    ]);
    await life;
    const violations = await run.check();
    await pictures.take('end');
    return report(run, violations);
  } finally {
    await browser.close();
  }
}

async function strike(run: Run, pictures: Pictures, rides: number): Promise<void> {
  const { witness } = run.simulator;
  const nodeState = () => run.frame.application.nodes.find(({ name }) => name === victim)?.state;
  await until(`${rides} rides are under way`, () => witness.underWay >= rides);
  await pictures.take('before');
  const { underWay, ended } = witness;
  await pictures.kill(victim);
  await until(`${victim} is down`, () => nodeState() !== 'running');
  console.log(`Killed ${victim} while ${underWay} rides were under way, after ${ended} had ended.`);
  await pictures.take('killed');
  await until(`${victim} runs again`, () => nodeState() === 'running');
  const more = Math.ceil(0.4 * rides);
  await until(`${more} more rides have ended`, () => witness.ended >= ended + more);
  console.log(`${victim} runs again, and ${witness.ended - ended} more rides have ended.`);
  await pictures.take('after');
}

/** The page, for people who prefer light and for those who prefer dark. */
class Pictures {
  private constructor(
    readonly folder: string,
    readonly pages: Readonly<Record<'light' | 'dark', Awaited<ReturnType<typeof openPage>>>>,
  ) {}

  static async of(browser: Browser, url: string): Promise<Pictures> {
    const folder = await mkdtemp(join(tmpdir(), 'ride-sharing-drill-'));
    const pages = { light: await openPage(browser, url, 'light'), dark: await openPage(browser, url, 'dark') };
    console.log(`Pictures go to ${folder}`);
    return new Pictures(folder, pages);
  }

  async take(name: string): Promise<void> {
    for (const [scheme, page] of Object.entries(this.pages)) {
      await page.screenshot({ path: join(this.folder, `${name}-${scheme}.png`) });
    }
  }

  async kill(node: string): Promise<void> {
    await this.pages.light.locator('.node', { hasText: node }).getByRole('button').click();
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const untilMs = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() > untilMs) never(`${what}: not within ${patienceMs / 1_000} s`);
    await pause(50);
  }
}

function never(what: string): never {
  throw new Error(what);
}

process.exitCode = await drill(process.argv.slice(2));
