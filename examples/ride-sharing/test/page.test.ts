import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { EmbeddedDeployment } from '../deployment/embedded-deployment.js';
import type { ApplicationFigures } from '../page/frame.js';
import { openBrowser, openPage } from '../run/browser.js';
import { encodeFrame } from '../run/frame-encoding.js';
import { Run } from '../run/run.js';
import { PageServer } from '../server/page-server.js';
import { Simulator } from '../simulator/simulator.js';

const options = { seed: 3, drivers: 400, passengers: 30, passengersPerSecond: 30 };
const browser = await openBrowser();

describe('The server of the page', () => {
  let killed: string[];
  let server: PageServer;

  beforeEach(async () => {
    killed = [];
    server = await PageServer.start(new StillCity(killed), 0);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('kills a node for the page, and for no other site', async () => {
    const kill = async (node: string, origin: string) =>
      (await fetch(`${server.url}/nodes/${node}/kill`, { method: 'POST', headers: { origin } })).status;
    expect(await kill('node-1', 'http://elsewhere.example')).to.equal(403);
    expect(killed).to.deep.equal([]);
    expect(await kill('node-1', server.url)).to.equal(204);
    expect(await kill('node-9', server.url)).to.equal(404);
    expect(killed).to.deep.equal(['node-1', 'node-9']);
  });

  it('has nothing but the page', async () => {
    const status = async (path: string, method = 'GET') => (await fetch(`${server.url}${path}`, { method })).status;
    expect(await status('/')).to.equal(200);
    expect(await status('/main.js')).to.equal(200);
    expect(await status('/package.json')).to.equal(404);
    expect(await status('/toString')).to.equal(404);
    expect(await status('/', 'POST')).to.equal(405);
  });

  if (browser !== undefined) {
    it('gives the page a button that kills a node', async () => {
      const page = await openPage(browser, server.url, 'light');
      await page.locator('.node', { hasText: 'node-1' }).getByRole('button').click();
      while (killed.length === 0) await page.waitForTimeout(5);
      expect(killed).to.deep.equal(['node-1']);
      expect(await page.locator('.node', { hasText: 'node-2' }).getByRole('button').isDisabled()).to.equal(true);
      await page.close();
    });
  }
});

if (browser !== undefined) {
  describe('The page', function () {
    this.timeout(60_000);
    after(() => browser.close());

    it('shows a city from its first ride to its verdict, in light and in dark', async () => {
      await using run = (await Run.start(options, EmbeddedDeployment.start, { pace: 8 })) as Run;
      await using server = await PageServer.start(run, 0);
      const [light, dark] = [await openPage(browser, server.url, 'light'), await openPage(browser, server.url, 'dark')];
      const complaints = complaintsOf(light, dark);
      const life = run.live();
      await shows(light, 'under-way', (rides) => rides > 5);
      expect(await light.locator('#state').textContent()).to.equal('Live, in one process');
      const drivers = await Promise.all(['free', 'fetching', 'driving'].map((state) => figure(light, state)));
      expect(drivers.reduce((sum, count) => sum + count)).to.equal(400);
      expect(await coloursOf(light)).to.be.greaterThan(20);
      expect(await background(light)).to.equal('rgb(244, 243, 239)');
      expect(await background(dark)).to.equal('rgb(16, 19, 22)');
      await life;
      expect(await run.check()).to.deep.equal([]);
      for (const page of [light, dark]) {
        await page.locator('#verdict').waitFor();
        expect(await page.locator('#verdict').textContent()).to.match(/^Checked: no driver in two rides/);
        expect((await figure(page, 'ended')) + (await figure(page, 'failed'))).to.equal(30);
      }
      expect(complaints).to.deep.equal([]);
    });
  });
}

/** A city in which nothing happens, on two nodes of which one is down. */
class StillCity {
  readonly #simulator = new Simulator(options);
  readonly #application: ApplicationFigures = {
    isRunning: true,
    messagesPerSecond: 0,
    checkpoint: { index: 1, ageMs: 0, durationMs: 1 },
    nodes: [
      { name: 'node-1', pid: 1, state: 'running', keyGroups: 1_024 },
      { name: 'node-2', pid: undefined, state: 'down', keyGroups: 0 },
    ],
  };

  constructor(readonly killed: string[]) {}

  get frame() {
    return encodeFrame(this.#simulator, this.#application, undefined);
  }

  kill(node: string): boolean {
    this.killed.push(node);
    return this.#application.nodes.some(({ name }) => name === node);
  }
}

/** What pages complain of, from now on. */
function complaintsOf(...pages: Page[]): string[] {
  const complaints: string[] = [];
  for (const page of pages) {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  }
  return complaints;
}

async function figure(page: Page, id: string): Promise<number> {
  return Number((await page.locator(`#${id}`).textContent())?.replaceAll(',', ''));
}

/** Waits until a figure is as it should be. */
async function shows(page: Page, id: string, isRight: (figure: number) => boolean): Promise<void> {
  while (!isRight(await figure(page, id))) await page.waitForTimeout(20);
}

/** How many different colours the map has: dots, rings and shades, and what is between them. */
function coloursOf(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const map = document.getElementById('map');
    const { data } = map.getContext('2d').getImageData(0, 0, map.width, map.height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`);
}

function background(page: Page): Promise<string> {
  return page.evaluate(`getComputedStyle(document.body).backgroundColor`);
}
